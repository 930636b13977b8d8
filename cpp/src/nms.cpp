#include "cvfast/nms.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "box_grid.h"
#include "boxes.h"
#include "pick.h"
#include "score_order.h"

namespace cvfast {

namespace {

constexpr std::ptrdiff_t kFew = 128;       // all memory on the stack up to here
constexpr std::ptrdiff_t kCompared = 192;  // boxes up to which comparing with all beats a grid
constexpr std::ptrdiff_t kSifted = 4096;   // boxes up to which the best kSieve go before the grid
constexpr std::ptrdiff_t kSieve = 8;

// The largest T not above the threshold: a T exceeds the one exactly where it exceeds the other.
template <typename T>
T rounded_down(double threshold) {
  const T value = static_cast<T>(threshold);
  return static_cast<double>(value) > threshold ? std::nextafter(value, T(0)) : value;
}

void order_few(const std::uint32_t* keys, std::uint32_t n, std::uint32_t* order) {
  CVFAST_PICK(box_kernels).order_u32(keys, n, order);
}
void order_few(const std::uint64_t* keys, std::uint32_t n, std::uint32_t* order) {
  CVFAST_PICK(box_kernels).order_u64(keys, n, order);
}

// Greedy suppression among the boxes of an order, best first: writes the indices of those that
// stay and returns how many.
template <typename T>
class Greedy {
 public:
  Greedy(const T* boxes, double threshold, const T* longest, Arena& arena)
      : kernels_(kernels_of(T(0))),
        boxes_(boxes),
        threshold_(rounded_down<T>(threshold)),
        longest_(longest),
        arena_(arena) {}

  // What keep() asks the arena for, at most.
  static std::ptrdiff_t size(std::ptrdiff_t n) {
    return Packed<T>::size(n) + Arena::size_of<std::uint8_t>(blocks_for(n) + 1) +
           Arena::size_of<std::uint32_t>(n);
  }

  std::ptrdiff_t keep(const std::uint32_t* order, std::ptrdiff_t n, std::int64_t* kept) const {
    if (n <= kFew) return few(order, n, kept);
    unsigned char* const mark = arena_.mark();
    const std::ptrdiff_t count = many(order, n, kept);
    arena_.give_back(mark);
    return count;
  }

 private:
  std::ptrdiff_t few(const std::uint32_t* order, std::ptrdiff_t n, std::int64_t* kept) const {
    alignas(64) T blocks[4 * kFew];
    std::uint8_t dead[kFew / kBoxLanes] = {};
    std::ptrdiff_t from = 0;
    kernels_.pack(boxes_, order, n, blocks);
    return kernels_.scan(blocks, order, n, threshold_, n, dead, &from, kept);
  }

  // The best few boxes of a dense scene suppress many others, which need no grid then.
  std::ptrdiff_t many(const std::uint32_t* order, std::ptrdiff_t n, std::int64_t* kept) const {
    auto* const dead = arena_.take<std::uint8_t>(blocks_for(n) + 1);
    std::fill_n(dead, blocks_for(n) + 1, std::uint8_t{0});
    Packed<T> packed(kernels_, boxes_, order, n, arena_);
    if (n > kSifted) return search(packed, dead, order, kept);
    auto* const left = arena_.take<std::uint32_t>(n);
    std::ptrdiff_t count = 0, remaining = n, before, from = 0;
    do {
      before = remaining;
      count += kernels_.scan(packed.blocks, order, n, threshold_, n <= kCompared ? n : kSieve, dead,
                             &from, kept + count);
      remaining = 0;
      for (std::ptrdiff_t r = from; r < n; ++r) {
        left[remaining] = order[r];
        remaining += (dead[r / kBoxLanes] >> (r % kBoxLanes) & 1) ^ 1;
      }
    } while (remaining > kFew && remaining < before - before / 4);
    if (remaining <= kFew) return count + few(left, remaining, kept + count);
    std::fill_n(dead, blocks_for(remaining) + 1, std::uint8_t{0});
    packed.fill(boxes_, left, remaining);
    return count + search(packed, dead, left, kept + count);
  }

  std::ptrdiff_t search(Packed<T>& packed, std::uint8_t* dead, const std::uint32_t* order,
                        std::int64_t* kept) const {
    BoxGrid<T> grid;
    packed.sort(grid, threshold_, longest_, arena_);
    return kernels_.search(&grid, packed.blocks, threshold_, order, packed.places, packed.count,
                           dead, kept);
  }

  const NmsKernelsOf<T>& kernels_;
  const T* boxes_;
  T threshold_;
  const T* longest_;
  Arena& arena_;
};

template <typename Key>
void sort(const Key* keys, std::ptrdiff_t n, Key least, Key most, Arena& arena,
          std::uint32_t* order) {
  unsigned char* const mark = arena.mark();
  radix_order(keys, n, least, most, arena.take<Keyed<Key>>(2 * n), order);
  arena.give_back(mark);
}

// The best boxes of each class, in `order`.
template <typename T>
std::ptrdiff_t keep_per_class(const Greedy<T>& greedy, const std::uint32_t* order, std::ptrdiff_t n,
                              const std::int64_t* classes, Arena& arena, std::int64_t* out) {
  auto* const grouped = arena.take<std::uint32_t>(n);
  auto* const stays = arena.take<std::uint8_t>(n);
  auto* const ends = arena.take<std::uint32_t>(n);
  {
    unsigned char* const mark = arena.mark();
    auto* const keys = arena.take<std::uint64_t>(n);
    auto* const ranks = arena.take<std::uint32_t>(n);
    std::uint64_t least = ~std::uint64_t{0}, most = 0;
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      keys[i] = static_cast<std::uint64_t>(classes[order[i]]) ^ (std::uint64_t{1} << 63);
      least = std::min(least, keys[i]);
      most = std::max(most, keys[i]);
    }
    sort(keys, n, least, most, arena, ranks);
    for (std::ptrdiff_t i = 0; i < n; ++i) grouped[i] = order[ranks[i]];
    arena.give_back(mark);
  }
  std::fill_n(stays, n, std::uint8_t{0});
  std::ptrdiff_t groups = 0, start = 0;
  for (std::ptrdiff_t i = 1; i <= n; ++i) {
    if (i < n && classes[grouped[i]] == classes[grouped[i - 1]]) continue;
    ends[groups++] = static_cast<std::uint32_t>(i);
  }
  for (std::ptrdiff_t g = 0; g < groups; ++g) {
    const std::ptrdiff_t count = greedy.keep(grouped + start, ends[g] - start, out);
    for (std::ptrdiff_t k = 0; k < count; ++k) stays[out[k]] = 1;
    start = ends[g];
  }
  std::ptrdiff_t count = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    out[count] = order[i];
    count += stays[order[i]];
  }
  return count;
}

}  // namespace

template <typename T, typename Score>
std::ptrdiff_t nms(Boxes<T> boxes, const Score* scores, const std::int64_t* classes,
                   double threshold, std::int64_t* out) {
  using Key = std::conditional_t<sizeof(Score) == 4, std::uint32_t, std::uint64_t>;
  const std::ptrdiff_t n = boxes.count;
  check_threshold("iou_threshold", threshold);
  check_count(n);
  T longest[2];
  if (!kernels_of(T(0)).measure(boxes.data, n, longest)) reject_boxes("boxes", boxes);
  std::ptrdiff_t bytes = 0;
  if (n > kFew || classes != nullptr) {
    bytes = Arena::size_of<std::uint64_t>(n) + 4 * Arena::size_of<std::uint32_t>(n) +
            Arena::size_of<std::uint8_t>(n) +
            std::max(Arena::size_of<Keyed<std::uint64_t>>(2 * n), Greedy<T>::size(n));
  }
  Key range[2];
  if (n <= kFew) {
    Key keys[kFew];
    std::uint32_t order[kFew];
    if (!descending_keys(scores, n, keys, range)) reject_scores(scores, n);
    order_few(keys, static_cast<std::uint32_t>(n), order);
    Arena arena(bytes);
    const Greedy<T> greedy(boxes.data, threshold, longest, arena);
    if (classes != nullptr) return keep_per_class(greedy, order, n, classes, arena, out);
    return greedy.keep(order, n, out);
  }
  Arena arena(bytes);
  auto* const order = arena.take<std::uint32_t>(n);
  unsigned char* const mark = arena.mark();
  auto* const keys = arena.take<Key>(n);
  if (!descending_keys(scores, n, keys, range)) reject_scores(scores, n);
  sort(keys, n, range[0], range[1], arena, order);
  arena.give_back(mark);
  const Greedy<T> greedy(boxes.data, threshold, longest, arena);
  if (classes != nullptr) return keep_per_class(greedy, order, n, classes, arena, out);
  return greedy.keep(order, n, out);
}

template std::ptrdiff_t nms(Boxes<float>, const float*, const std::int64_t*, double, std::int64_t*);
template std::ptrdiff_t nms(Boxes<float>, const double*, const std::int64_t*, double,
                            std::int64_t*);
template std::ptrdiff_t nms(Boxes<double>, const float*, const std::int64_t*, double,
                            std::int64_t*);
template std::ptrdiff_t nms(Boxes<double>, const double*, const std::int64_t*, double,
                            std::int64_t*);

}  // namespace cvfast
