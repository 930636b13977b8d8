// Soft-NMS after Bodla et al., Soft-NMS: Improving Object Detection With One Line of Code (2017).
#include <algorithm>
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

// What a block of selected boxes leaves of the score of a box, given the overlaps with them.
void decays(const BoxKernels& kernels, const SoftNms& options, const double* ious,
            double* factors) {
  if (options.gaussian) {
    kernels.gaussian_f64(ious, options.sigma, factors);
    return;
  }
  for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) {
    factors[k] = ious[k] > options.iou_threshold ? 1 - ious[k] : 1;
  }
}

// What the selected boxes from `seen` on leave of the score, in the order of their selection.
double decayed(const BoxKernels& kernels, const KeptColumns<double>& selected,
               const OneBox<double>& box, const SoftNms& options, const Waiting& waiting) {
  double score = waiting.score;
  const std::ptrdiff_t count = selected.count();
  const auto seen = static_cast<std::ptrdiff_t>(waiting.seen);
  for (std::ptrdiff_t i = seen / kBoxLanes * kBoxLanes; i < count; i += kBoxLanes) {
    i = selected.next_near(kernels, i, box);
    if (i >= count) break;
    double ious[kBoxLanes], factors[kBoxLanes];
    selected.overlaps(kernels, i, box, ious);
    decays(kernels, options, ious, factors);
    for (std::ptrdiff_t k = std::max(i, seen); k < std::min(i + kBoxLanes, count); ++k) {
      score *= factors[k - i];
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
