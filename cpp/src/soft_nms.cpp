// Soft-NMS after Bodla et al., Soft-NMS: Improving Object Detection With One Line of Code (2017).
#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "box_grid.h"
#include "boxes.h"
#include "pick.h"
#include "score_order.h"

namespace cvfast {

namespace {

constexpr std::ptrdiff_t kCompared = 96;  // boxes up to which looking at all beats a grid

struct Waiting {
  double score;
  std::uint32_t index, place;
};

struct Worse {
  bool operator()(const Waiting& a, const Waiting& b) const {
    return a.score != b.score ? a.score < b.score : a.index > b.index;
  }
};

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

// The boxes that wait for their selection, best first: those that no other has lowered yet in the
// order that they came in, the others in a heap. Scores only fall, so that one in the heap may be
// stale but never too low: it is brought up to date when it comes to the top.
class Queue {
 public:
  // `first`: the boxes by score descending, then index; `now`: the scores of today, by place.
  Queue(const Waiting* first, std::ptrdiff_t count, const double* now, double least)
      : next_(first), end_(first + count), now_(now), least_(least) {}

  // The best box, or null where none is left.
  const Waiting* take() {
    while (!heap_.empty() && now_[heap_.front().place] != heap_.front().score) renew();
    while (next_ != end_ && now_[next_->place] != next_->score) push(*next_++);
    if (next_ != end_ && (heap_.empty() || Worse()(heap_.front(), *next_))) return next_++;
    if (heap_.empty()) return nullptr;
    std::pop_heap(heap_.begin(), heap_.end(), Worse());
    best_ = heap_.back();
    heap_.pop_back();
    return &best_;
  }

 private:
  void push(Waiting box) {
    box.score = now_[box.place];
    if (box.score < least_) return;
    heap_.push_back(box);
    std::push_heap(heap_.begin(), heap_.end(), Worse());
  }

  void renew() {
    std::pop_heap(heap_.begin(), heap_.end(), Worse());
    const Waiting box = heap_.back();
    heap_.pop_back();
    push(box);
  }

  const Waiting *next_, *end_;
  const double* now_;
  double least_;
  std::vector<Waiting> heap_;
  Waiting best_ = {};
};

// Indices of the boxes with a score of at least `least`, by score descending, then index.
template <typename Score>
std::ptrdiff_t ranked(const Score* scores, std::ptrdiff_t n, double least, Arena& arena,
                      std::uint32_t* order) {
  using Key = std::conditional_t<sizeof(Score) == 4, std::uint32_t, std::uint64_t>;
  unsigned char* const mark = arena.mark();
  auto* const keys = arena.take<Key>(n);
  Key range[2];
  if (!descending_keys(scores, n, keys, range)) reject_scores(scores, n);
  radix_order(keys, n, range[0], range[1], arena.take<Keyed<Key>>(2 * n), order);
  arena.give_back(mark);
  return std::lower_bound(order, order + n, least,
                          [&](std::uint32_t i, double bound) {
                            return static_cast<double>(scores[i]) >= bound;
                          }) -
         order;
}

}  // namespace

template <typename T, typename Score>
std::ptrdiff_t soft_nms(Boxes<T> boxes, const Score* scores, const SoftNms& options,
                        std::int64_t* out, Score* out_scores) {
  check(options);
  check_count(boxes.count);
  T unused[2];
  if (!kernels_of(T(0)).measure(boxes.data, boxes.count, unused)) reject_boxes("boxes", boxes);
  const NmsKernelsOf<double>& kernels = kernels_of(0.0);
  const std::ptrdiff_t n = boxes.count, all_blocks = blocks_for(n) + 1;
  Arena arena(Arena::size_of<std::uint32_t>(2 * n + all_blocks) + 192 +
              Arena::size_of<Waiting>(n) + Arena::size_of<double>(kBoxLanes * all_blocks) +
              std::max(Arena::size_of<Keyed<std::uint64_t>>(3 * n),
                       Arena::size_of<double>(4 * n) + Packed<double>::size(n)) +
              256);
  auto* const order = arena.take<std::uint32_t>(n);
  const std::ptrdiff_t count =
      ranked(scores, n, options.score_threshold, arena, order);
  const std::ptrdiff_t blocks = blocks_for(count);

  auto* const rows = arena.take<double>(4 * count);
  auto* const places = arena.take<std::uint32_t>(n);
  for (std::ptrdiff_t r = 0; r < count; ++r) {
    const T* box = boxes.data + 4 * static_cast<std::ptrdiff_t>(order[r]);
    for (int k = 0; k < 4; ++k) rows[4 * r + k] = static_cast<double>(box[k]);
    places[r] = static_cast<std::uint32_t>(r);
  }
  double longest[2];
  kernels.measure(rows, count, longest);
  Packed<double> packed(kernels, rows, places, count, arena);
  BoxGrid<double> grid;
  const bool use_grid = count > kCompared;
  if (use_grid) {
    packed.sort(grid, options.gaussian ? 0.0 : options.iou_threshold, longest, arena);
    std::copy(packed.places, packed.places + count, places);
  }
  auto* const now = arena.take<double>(kBoxLanes * (blocks + 1));
  auto* const turns = arena.take<std::uint32_t>(blocks + 1);
  auto* const first = arena.take<Waiting>(count);
  std::fill_n(now, kBoxLanes * (blocks + 1), 0.0);
  std::fill_n(turns, blocks + 1, std::uint32_t{0});
  for (std::ptrdiff_t r = 0; r < count; ++r) {
    const auto score = static_cast<double>(scores[order[r]]);
    first[r] = {score, order[r], places[r]};
    now[places[r]] = score;
  }
  const SoftScores state = {packed.blocks,
                            now,
                            turns,
                            blocks,
                            options.score_threshold,
                            options.gaussian ? options.sigma : 0.0,
                            options.iou_threshold};
  const SoftKernels& soft = CVFAST_PICK(soft_kernels);
  Queue queue(first, count, now, options.score_threshold);
  std::ptrdiff_t selected = 0;
  while (const Waiting* best = queue.take()) {
    out[selected] = best->index;
    out_scores[selected] = static_cast<Score>(best->score);
    ++selected;
    soft.decay(use_grid ? &grid : nullptr, &state, best->place,
               static_cast<std::uint32_t>(selected));
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
