// Soft-NMS after Bodla et al., Soft-NMS: Improving Object Detection With One Line of Code (2017).
#include <algorithm>
#include <cmath>
#include <vector>

#include "box_grid.h"
#include "boxes.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr std::ptrdiff_t kCompared = 96;  // boxes up to which looking at all beats a grid

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

// The best box of each block, the best of all on top. Scores only fall, so that an entry may be
// stale but never too low: it is renewed when it comes to the top. (With a heap of boxes, half of
// the time of 1000 dense boxes went into renewals.)
class Queue {
 public:
  Queue(const SoftKernels& kernels, const SoftScores& scores) : kernels_(kernels), scores_(scores) {
    heap_.reserve(static_cast<std::size_t>(scores.block_count));
    for (std::ptrdiff_t b = 0; b < scores.block_count; ++b) {
      const SoftBest best = kernels.best(&scores, b);
      if (best.score >= scores.least) heap_.push_back(best);
    }
    std::make_heap(heap_.begin(), heap_.end(), worse);
  }

  // Whether a box is left; the best one is then `best`, and out of the way of its own decay.
  bool take(SoftBest& best) {
    while (!heap_.empty()) {
      const SoftBest now = kernels_.best(&scores_, heap_[0].place / kBoxLanes);
      if (now.score == heap_[0].score && now.place == heap_[0].place) {
        best = now;
        scores_.scores[now.place] = -1;
        return true;
      }
      if (now.score >= scores_.least) {
        sink(now);
      } else {
        const SoftBest last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) sink(last);
      }
    }
    return false;
  }

 private:
  static bool worse(const SoftBest& a, const SoftBest& b) {
    return a.score != b.score ? a.score < b.score : a.index > b.index;
  }

  // Puts `box` in the place of the top, and lets it sink.
  void sink(const SoftBest& box) {
    const std::size_t size = heap_.size();
    std::size_t at = 0;
    for (std::size_t child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && worse(heap_[child], heap_[child + 1])) ++child;
      if (!worse(box, heap_[child])) break;
      heap_[at] = heap_[child];
      at = child;
    }
    heap_[at] = box;
  }

  const SoftKernels& kernels_;
  const SoftScores& scores_;
  std::vector<SoftBest> heap_;
};

}  // namespace

template <typename T, typename Score>
std::ptrdiff_t soft_nms(Boxes<T> boxes, const Score* scores, const SoftNms& options,
                        std::int64_t* out, Score* out_scores) {
  check(options);
  check_boxes("boxes", boxes);
  check_scores(scores, boxes.count);
  check_count(boxes.count);
  const NmsKernelsOf<double>& kernels = kernels_of(0.0);
  const std::ptrdiff_t n = boxes.count, blocks = blocks_for(n), room = kBoxLanes * (blocks + 1);
  Arena arena(Arena::size_of<double>(4 * n) + Packed<double>::size(n) +
              2 * Arena::size_of<std::uint32_t>(room) + Arena::size_of<double>(room) +
              Arena::size_of<std::uint32_t>(blocks + 1));
  auto* const rows = arena.take<double>(4 * n);
  auto* const indices = arena.take<std::uint32_t>(room);
  for (std::ptrdiff_t i = 0; i < 4 * n; ++i) rows[i] = static_cast<double>(boxes.data[i]);
  for (std::ptrdiff_t i = 0; i < room; ++i) indices[i] = static_cast<std::uint32_t>(i);
  double longest[2];
  kernels.measure(rows, n, longest);
  Packed<double> packed(kernels, rows, indices, n, arena);
  BoxGrid<double> grid;
  const bool gridded = n > kCompared;
  auto* const now = arena.take<double>(room);
  std::fill_n(now, room, -1.0);
  if (gridded) {
    packed.sort(grid, options.gaussian ? 0.0 : options.iou_threshold, longest, arena);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      indices[packed.places[i]] = static_cast<std::uint32_t>(i);
    }
  }
  for (std::ptrdiff_t i = 0; i < n; ++i) now[i] = static_cast<double>(scores[indices[i]]);
  auto* const turns = arena.take<std::uint32_t>(blocks + 1);
  std::fill_n(turns, blocks + 1, std::uint32_t{0});
  const SoftScores state = {packed.blocks,
                            now,
                            indices,
                            turns,
                            blocks,
                            options.score_threshold,
                            options.gaussian ? options.sigma : 0.0,
                            options.iou_threshold};
  const SoftKernels& soft = CVFAST_PICK(soft_kernels);
  Queue queue(soft, state);
  std::uint32_t selected = 0;
  for (SoftBest best; queue.take(best);) {
    out[selected] = best.index;
    out_scores[selected] = static_cast<Score>(best.score);
    soft.decay(gridded ? &grid : nullptr, &state, best.place, ++selected);
  }
  return selected;
}

template std::ptrdiff_t soft_nms(Boxes<float>, const float*, const SoftNms&, std::int64_t*, float*);
template std::ptrdiff_t soft_nms(Boxes<float>, const double*, const SoftNms&, std::int64_t*,
                                 double*);
template std::ptrdiff_t soft_nms(Boxes<double>, const float*, const SoftNms&, std::int64_t*,
                                 float*);
template std::ptrdiff_t soft_nms(Boxes<double>, const double*, const SoftNms&, std::int64_t*,
                                 double*);

}  // namespace cvfast
