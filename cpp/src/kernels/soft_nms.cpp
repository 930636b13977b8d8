// Soft-NMS: what a selected box leaves of the scores of the boxes that overlap it.
#include "kernels/grid_search.h"

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
// machines, this does not. All lanes go through a step before the next one.
inline void gaussian(const double* __restrict ious, double sigma, double* __restrict factors) {
  double exact[kBoxLanes], rest[kBoxLanes], sum[kBoxLanes], power[kBoxLanes];
  for (std::ptrdiff_t i = 0; i < kBoxLanes; ++i) {
    exact[i] = -(ious[i] * ious[i]) / sigma;
    const double x = exact[i] > -700.0 ? exact[i] : -700.0;
    const double scaled = x * 1.4426950408889634 + 0.5;
    const std::int32_t cut = static_cast<std::int32_t>(scaled);
    const std::int32_t whole = cut - (scaled < static_cast<double>(cut) ? 1 : 0);
    const double k = static_cast<double>(whole);
    rest[i] = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    sum[i] = kInverseFactorials[kTerms - 1];
    const std::uint64_t bits = static_cast<std::uint64_t>(whole + 1023) << 52;
    memcpy(power + i, &bits, sizeof bits);
  }
  for (int term = kTerms - 2; term >= 0; --term) {
    const double next = kInverseFactorials[term];
    for (std::ptrdiff_t i = 0; i < kBoxLanes; ++i) sum[i] = next + sum[i] * rest[i];
  }
  for (std::ptrdiff_t i = 0; i < kBoxLanes; ++i) {
    const double value = exact[i] > -700.0 ? sum[i] * power[i] : 0.0;
    factors[i] = ious[i] > 0.0 ? value : 1.0;
  }
}

inline void linear(const double* __restrict ious, double threshold, double* __restrict factors) {
  for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) {
    factors[k] = ious[k] > threshold ? 1 - ious[k] : 1.0;
  }
}

// A block that comes twice is passed over the second time. Scores under the least, and those of
// selected boxes, mean nothing any more: they may be lowered or not.
struct Decay {
  const SoftScores* scores;
  OneBox<double> box;
  std::uint32_t turn;

  inline void look(std::ptrdiff_t from, std::ptrdiff_t to) const {
    for (std::ptrdiff_t b = from; b < to; ++b) block(b);
  }

  inline void block(std::ptrdiff_t b) const {
    if (scores->turns[b] == turn) return;
    scores->turns[b] = turn;
    const double* x0 = scores->blocks + b * 4 * kBoxLanes;
    const double *y0 = x0 + kBoxLanes, *x1 = y0 + kBoxLanes, *y1 = x1 + kBoxLanes;
    double* const score = scores->scores + b * kBoxLanes;
    const double least = scores->least;
    const OneBox<double> one = box;
    double inter[kBoxLanes], ious[kBoxLanes], factors[kBoxLanes];
    int any = 0;
    for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) {
      const double w = least_of(x1[k], one.x1) - most_of(x0[k], one.x0);
      const double h = least_of(y1[k], one.y1) - most_of(y0[k], one.y0);
      inter[k] = most_of(w, 0.0) * most_of(h, 0.0);
      any |= static_cast<int>(inter[k] > 0.0) & static_cast<int>(score[k] >= least);
    }
    if (any == 0) return;
    for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) {
      const double area = (x1[k] - x0[k]) * (y1[k] - y0[k]);
      const double united = one.area + area - inter[k];
      ious[k] = inter[k] > 0.0 ? inter[k] / united : 0.0;
    }
    if (scores->sigma > 0) {
      gaussian(ious, scores->sigma, factors);
    } else {
      linear(ious, scores->threshold, factors);
    }
    for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) score[k] *= factors[k];
  }
};

void decay(const BoxGrid<double>* grid, const SoftScores* scores, std::uint32_t place,
           std::uint32_t turn) {
  const OneBox<double> box = box_at(scores->blocks, place);
  if (!takes_part(box.area)) return;
  const Decay visitor = {scores, box, turn};
  if (grid != nullptr && box.area >= least_measurable(0.0) &&
      visit_near(hot(*grid), *grid, box, visitor)) {
    return;
  }
  visitor.look(0, scores->block_count);
}

}  // namespace

extern const SoftKernels soft_kernels;
const SoftKernels soft_kernels = {decay};

}  // namespace cvfast::CVFAST_ISA
