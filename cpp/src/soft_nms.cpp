// Soft-NMS after Bodla et al., Soft-NMS: Improving Object Detection With One Line of Code (2017).
#include <algorithm>
#include <cstring>
#include <vector>

#include "boxes.h"
#include "kept_boxes.h"
#include "pick.h"

namespace cvfast {

namespace {

struct Waiting {
  double score;
  std::uint32_t index;
  std::uint32_t seen;  // selected boxes whose decay the score has in it
};

struct Worse {
  bool operator()(const Waiting& a, const Waiting& b) const {
    return a.score != b.score ? a.score < b.score : a.index > b.index;
  }
};

// exp(x) for x <= 0 to 2e-16 relative: 2^k times a series of the rest. Library versions differ
// between machines, this does not.
double exponential(double x) {
  if (!(x > -700)) return 0;
  const double k = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
  constexpr double inverse_factorials[] = {1,
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
  double sum = 0;
  for (int i = 13; i >= 0; --i) sum = inverse_factorials[i] + sum * r;
  const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(k) + 1023) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

double decay(const SoftNms& options, double iou) {
  if (options.gaussian) return exponential(-(iou * iou) / options.sigma);
  return iou > options.iou_threshold ? 1 - iou : 1;
}

// What the selected boxes from `seen` on leave of the score, in the order of their selection.
double decayed(const BoxKernels& kernels, const KeptColumns<double>& selected,
               const OneBox<double>& box, const SoftNms& options, const Waiting& waiting) {
  double score = waiting.score;
  const std::ptrdiff_t count = selected.count();
  const auto seen = static_cast<std::ptrdiff_t>(waiting.seen);
  for (std::ptrdiff_t i = seen / kBoxLanes * kBoxLanes; i < count; i += kBoxLanes) {
    i = selected.next_near(kernels, i, box);
    for (std::ptrdiff_t k = std::max(i, seen); k < std::min(i + kBoxLanes, count); ++k) {
      const OneBox<double> other = selected[k];
      const double w = std::min(box.x1, other.x1) - std::max(box.x0, other.x0);
      const double h = std::min(box.y1, other.y1) - std::max(box.y0, other.y0);
      if (!(w > 0 && h > 0)) continue;
      const double inter = w * h;
      const double iou = inter / (box.area + other.area - inter);
      if (iou > 0) score *= decay(options, iou);
    }
    if (score < options.score_threshold) break;
  }
  return score;
}

void check(const SoftNms& options) {
  check_threshold("iou_threshold", options.iou_threshold);
  if (!(options.sigma > 0 && std::isfinite(options.sigma))) {
    throw std::invalid_argument("sigma: expected a finite number over 0, got " +
                                shown(options.sigma));
  }
  if (!(options.score_threshold >= 0 && std::isfinite(options.score_threshold))) {
    throw std::invalid_argument("score_threshold: expected a finite number of at least 0, got " +
                                shown(options.score_threshold));
  }
}

template <typename T>
OneBox<double> load(const T* boxes, std::uint32_t index) {
  const T* b = boxes + 4 * static_cast<std::ptrdiff_t>(index);
  const auto x0 = static_cast<double>(b[0]), y0 = static_cast<double>(b[1]);
  const auto x1 = static_cast<double>(b[2]), y1 = static_cast<double>(b[3]);
  return {x0, y0, x1, y1, (x1 - x0) * (y1 - y0)};
}

}  // namespace

// Scores only fall, so a stale one is an upper bound: only the best is brought up to date, and it
// is selected if it is still the best. The result is that of updating all at every step.
template <typename T, typename Score>
std::ptrdiff_t soft_nms(Boxes<T> boxes, const Score* scores, const SoftNms& options,
                        std::int64_t* out, Score* out_scores) {
  check(options);
  check_boxes("boxes", boxes);
  check_scores(scores, boxes.count);
  check_count(boxes.count);
  const BoxKernels& kernels = CVFAST_PICK(box_kernels);
  std::vector<Waiting> heap;
  for (std::ptrdiff_t i = 0; i < boxes.count; ++i) {
    const auto score = static_cast<double>(scores[i]);
    if (score >= options.score_threshold) {
      heap.push_back({score, static_cast<std::uint32_t>(i), 0});
    }
  }
  std::make_heap(heap.begin(), heap.end(), Worse());
  const auto most = static_cast<std::ptrdiff_t>(heap.size());
  const std::unique_ptr<double[]> memory(
      new double[static_cast<std::size_t>(5 * KeptColumns<double>::room(most))]);
  KeptColumns<double> selected(memory.get(), most);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), Worse());
    Waiting best = heap.back();
    heap.pop_back();
    const OneBox<double> box = load(boxes.data, best.index);
    const std::ptrdiff_t count = selected.count();
    best.score = decayed(kernels, selected, box, options, best);
    best.seen = static_cast<std::uint32_t>(count);
    if (best.score < options.score_threshold) continue;
    if (!heap.empty() && Worse()(best, heap.front())) {
      heap.push_back(best);
      std::push_heap(heap.begin(), heap.end(), Worse());
      continue;
    }
    out[count] = best.index;
    out_scores[count] = static_cast<Score>(best.score);
    selected.add(box);
  }
  return selected.count();
}

template std::ptrdiff_t soft_nms(Boxes<float>, const float*, const SoftNms&, std::int64_t*, float*);
template std::ptrdiff_t soft_nms(Boxes<float>, const double*, const SoftNms&, std::int64_t*,
                                 double*);
template std::ptrdiff_t soft_nms(Boxes<double>, const float*, const SoftNms&, std::int64_t*,
                                 float*);
template std::ptrdiff_t soft_nms(Boxes<double>, const double*, const SoftNms&, std::int64_t*,
                                 double*);

}  // namespace cvfast
