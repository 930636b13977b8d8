// Soft-NMS: what a selected box leaves of the scores of the boxes that overlap it.
#include "kernels/grid_search.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace cvfast::CVFAST_ISA {

namespace {

constexpr int kTerms = 14;
constexpr double kInverseFactorials[kTerms] = {1,
                                               1,
                                               1 / 2.,
                                               1 / 6.,
                                               1 / 24.,
                                               1 / 120.,
                                               1 / 720.,
                                               1 / 5040.,
                                               1 / 40320.,
                                               1 / 362880.,
                                               1 / 3628800.,
                                               1 / 39916800.,
                                               1 / 479001600.,
                                               1 / 6227020800.};

// exp(x) to 2e-16 relative: 2^k times a series of the rest. Library versions differ between
// machines, this does not.
void gaussian(double* __restrict values, std::ptrdiff_t n, double sigma) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double exact = -(values[i] * values[i]) / sigma;
    const double x = exact > -700.0 ? exact : -700.0;          // 1e-304: next to nothing
    const double shifted = x * 1.4426950408889634 + 0x1.8p52;  // rounds, to its lowest bits
    const double k = shifted - 0x1.8p52;
    const double rest = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    // Written out: as a loop it kept the compiler from working on several values at a time.
    double sum = kInverseFactorials[13];
    sum = kInverseFactorials[12] + sum * rest;
    sum = kInverseFactorials[11] + sum * rest;
    sum = kInverseFactorials[10] + sum * rest;
    sum = kInverseFactorials[9] + sum * rest;
    sum = kInverseFactorials[8] + sum * rest;
    sum = kInverseFactorials[7] + sum * rest;
    sum = kInverseFactorials[6] + sum * rest;
    sum = kInverseFactorials[5] + sum * rest;
    sum = kInverseFactorials[4] + sum * rest;
    sum = kInverseFactorials[3] + sum * rest;
    sum = kInverseFactorials[2] + sum * rest;
    sum = kInverseFactorials[1] + sum * rest;
    sum = kInverseFactorials[0] + sum * rest;
    std::uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    values[i] = sum * power;
  }
}

void linear(double* __restrict values, std::ptrdiff_t n, double threshold) {
  for (std::ptrdiff_t i = 0; i < n; ++i) values[i] = values[i] > threshold ? 1 - values[i] : 1.0;
}

SoftBest best(const SoftScores* state, std::ptrdiff_t block) {
  const double* const scores = state->scores + block * kBoxLanes;
  const std::uint32_t* const indices = state->indices + block * kBoxLanes;
  double half[4];
  for (int k = 0; k < 4; ++k) half[k] = most_of(scores[k], scores[k + 4]);
  const double most = most_of(most_of(half[0], half[1]), most_of(half[2], half[3]));
  std::uint32_t first = ~std::uint32_t{0}, lane = 0;
  for (std::uint32_t k = 0; k < kBoxLanes; ++k) {
    const bool better = scores[k] == most && indices[k] < first;
    first = better ? indices[k] : first;
    lane = better ? k : lane;
  }
  return {most, first, static_cast<std::uint32_t>(block * kBoxLanes) + lane};
}

// Bit k: whether box k of the block intersects `box` and has a score of at least `least`.
#if defined(__AVX2__)
inline int near_half(const double* block, const double* score, const OneBox<double>& box,
                     double least) {
  const __m256d w =
      _mm256_sub_pd(_mm256_min_pd(_mm256_load_pd(block + 2 * kBoxLanes), _mm256_set1_pd(box.x1)),
                    _mm256_max_pd(_mm256_load_pd(block), _mm256_set1_pd(box.x0)));
  const __m256d h =
      _mm256_sub_pd(_mm256_min_pd(_mm256_load_pd(block + 3 * kBoxLanes), _mm256_set1_pd(box.y1)),
                    _mm256_max_pd(_mm256_load_pd(block + kBoxLanes), _mm256_set1_pd(box.y0)));
  const __m256d meets = _mm256_cmp_pd(_mm256_min_pd(w, h), _mm256_setzero_pd(), _CMP_GT_OQ);
  const __m256d waits = _mm256_cmp_pd(_mm256_load_pd(score), _mm256_set1_pd(least), _CMP_GE_OQ);
  return _mm256_movemask_pd(_mm256_and_pd(meets, waits));
}
inline int near(const double* block, const double* score, const OneBox<double>& box, double least) {
  return near_half(block, score, box, least) | near_half(block + 4, score + 4, box, least) << 4;
}
#else
inline int near(const double* block, const double* score, const OneBox<double>& box, double least) {
  int mask = 0;
  for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) {
    const double w = least_of(block[2 * kBoxLanes + k], box.x1) - most_of(block[k], box.x0);
    const double h =
        least_of(block[3 * kBoxLanes + k], box.y1) - most_of(block[kBoxLanes + k], box.y0);
    const bool meets = least_of(w, h) > 0.0 && score[k] >= least;
    mask |= static_cast<int>(meets) << k;
  }
  return mask;
}
#endif

constexpr std::ptrdiff_t kPending = 128;

struct Pending {
  std::ptrdiff_t count;
  double values[kPending];
  std::uint32_t places[kPending];
};

// Overlaps are collected from all blocks, so that their decays are worked out side by side. A block
// that comes twice is passed over the second time.
struct Decay {
  const SoftScores state;
  const OneBox<double> box;
  const std::uint32_t turn;
  Pending* const pending;

  inline void look(std::ptrdiff_t from, std::ptrdiff_t to) const {
    for (std::ptrdiff_t b = from; b < to; ++b) {
      const double* const block = state.blocks + b * 4 * kBoxLanes;
      const int mask = near(block, state.scores + b * kBoxLanes, box, state.least);
      if (mask == 0 || state.turns[b] == turn) continue;
      state.turns[b] = turn;
      if (pending->count + kBoxLanes > kPending) finish();
      collect(block, static_cast<std::uint32_t>(b * kBoxLanes), mask);
    }
  }

  inline void collect(const double* x0, std::uint32_t place, int mask) const {
    const double *y0 = x0 + kBoxLanes, *x1 = y0 + kBoxLanes, *y1 = x1 + kBoxLanes;
    std::ptrdiff_t count = pending->count;
    for (std::uint32_t k = 0; k < kBoxLanes; ++k) {
      const double w = least_of(x1[k], box.x1) - most_of(x0[k], box.x0);
      const double h = least_of(y1[k], box.y1) - most_of(y0[k], box.y0);
      const double inter = w * h, area = (x1[k] - x0[k]) * (y1[k] - y0[k]);
      const double iou = inter / (box.area + area - inter);
      pending->values[count] = iou;
      pending->places[count] = place + k;
      count += (mask >> k & 1) & static_cast<int>(iou > 0.0);
    }
    pending->count = count;
  }

  inline void finish() const {
    const std::ptrdiff_t count = pending->count;
    if (state.sigma > 0) {
      gaussian(pending->values, count, state.sigma);
    } else {
      linear(pending->values, count, state.threshold);
    }
    for (std::ptrdiff_t i = 0; i < count; ++i)
      state.scores[pending->places[i]] *= pending->values[i];
    pending->count = 0;
  }
};

void decay(const BoxGrid<double>* grid, const SoftScores* scores, std::uint32_t place,
           std::uint32_t turn) {
  const OneBox<double> box = box_at(scores->blocks, place);
  if (!takes_part(box.area)) return;
  Pending pending;
  pending.count = 0;
  const Decay visitor = {*scores, box, turn, &pending};
  if (grid == nullptr || box.area < least_measurable(0.0) ||
      !visit_near(hot(*grid), *grid, box, visitor)) {
    visitor.look(0, scores->block_count);
  }
  visitor.finish();
}

}  // namespace

extern const SoftKernels soft_kernels;
const SoftKernels soft_kernels = {best, decay};

}  // namespace cvfast::CVFAST_ISA
