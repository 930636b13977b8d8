#include "cvfast/nms.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "boxes.h"
#include "kept_boxes.h"
#include "pick.h"
#include "score_order.h"

namespace cvfast {

namespace {

constexpr std::ptrdiff_t kFew = 128;      // all memory on the stack up to here
constexpr std::ptrdiff_t kScanned = 192;  // kept boxes from which a grid pays

// The largest T not above the threshold: a T exceeds the one exactly where it exceeds the other.
template <typename T>
T rounded_down(double threshold) {
  const T value = static_cast<T>(threshold);
  return static_cast<double>(value) > threshold ? std::nextafter(value, T(0)) : value;
}

template <typename T>
OneBox<T> load(const T* boxes, std::uint32_t i) {
  const T* b = boxes + 4 * static_cast<std::ptrdiff_t>(i);
  return {b[0], b[1], b[2], b[3], (b[2] - b[0]) * (b[3] - b[1])};
}

// An empty box intersects nothing, and an infinite area makes every IoU 0 or NaN.
template <typename T>
bool takes_part(const OneBox<T>& box) {
  return box.area > 0 && box.area <= std::numeric_limits<T>::max();
}

// Whether the area is far enough from underflow for KeptGrid's bounds.
template <typename T>
bool measurable(const OneBox<T>& box) {
  return box.area >= std::numeric_limits<T>::min() * T(0x1p26);
}

// Greedy suppression among the boxes of `order`, best first: sets kept[i] for those that stay.
template <typename T>
class Greedy {
 public:
  Greedy(const BoxKernels& kernels, const T* boxes, double threshold)
      : kernels_(kernels), boxes_(boxes), threshold_(rounded_down<T>(threshold)) {}

  void few(const std::uint32_t* order, std::ptrdiff_t n, std::uint8_t* kept) const {
    T memory[5 * (kFew + kBoxLanes)];
    KeptColumns<T> columns(memory, n);
    scan(order, n, n, columns, kept);
  }

  void many(const std::uint32_t* order, std::ptrdiff_t n, std::uint8_t* kept) const {
    const std::unique_ptr<T[]> memory(new T[static_cast<std::size_t>(5 * KeptColumns<T>::room(n))]);
    KeptColumns<T> columns(memory.get(), n);
    const std::ptrdiff_t seen = scan(order, n, kScanned, columns, kept);
    if (seen < n) search(order + seen, n - seen, columns, kept);
  }

 private:
  // Compares with all kept boxes, until `most` are kept; returns how many boxes it has seen.
  std::ptrdiff_t scan(const std::uint32_t* order, std::ptrdiff_t n, std::ptrdiff_t most,
                      KeptColumns<T>& columns, std::uint8_t* kept) const {
    std::ptrdiff_t i = 0;
    for (; i < n && columns.count() < most; ++i) {
      const OneBox<T> box = load(boxes_, order[i]);
      const bool active = takes_part(box);
      if (active && columns.any_over(kernels_, box, threshold_)) continue;
      kept[order[i]] = 1;
      if (active) columns.add(box);
    }
    return i;
  }

  void search(const std::uint32_t* order, std::ptrdiff_t n, KeptColumns<T>& columns,
              std::uint8_t* kept) const {
    T longest = 0;
    for (std::ptrdiff_t i = 0; i < columns.count(); ++i) longest = longer(longest, columns[i]);
    for (std::ptrdiff_t i = 0; i < n; ++i) longest = longer(longest, load(boxes_, order[i]));
    const std::ptrdiff_t most = n + columns.count();
    KeptGrid<T> grid(static_cast<double>(threshold_), static_cast<double>(longest), most);
    bool any_small = false;  // whether a kept box is too small for the grid's bounds
    const auto add = [&](const OneBox<T>& box) {
      if (measurable(box)) {
        grid.add(box);
      } else {
        any_small = true;
      }
    };
    for (std::ptrdiff_t i = 0; i < columns.count(); ++i) add(columns[i]);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      const OneBox<T> box = load(boxes_, order[i]);
      if (!takes_part(box)) {
        kept[order[i]] = 1;
        continue;
      }
      typename KeptGrid<T>::Answer answer = KeptGrid<T>::Answer::crowded;
      if (!any_small) answer = grid.any_over(box);
      if (answer == KeptGrid<T>::Answer::yes) continue;
      if (answer == KeptGrid<T>::Answer::crowded && columns.any_over(kernels_, box, threshold_)) {
        continue;
      }
      kept[order[i]] = 1;
      columns.add(box);
      add(box);
    }
  }

  static T longer(T longest, const OneBox<T>& box) {
    return takes_part(box) ? std::max({longest, box.x1 - box.x0, box.y1 - box.y0}) : longest;
  }

  const BoxKernels& kernels_;
  const T* boxes_;
  T threshold_;
};

void order_few(const BoxKernels& kernels, const std::uint32_t* keys, std::uint32_t n,
               std::uint32_t* order) {
  kernels.order_u32(keys, n, order);
}
void order_few(const BoxKernels& kernels, const std::uint64_t* keys, std::uint32_t n,
               std::uint32_t* order) {
  kernels.order_u64(keys, n, order);
}

// Ends of the runs of equal classes in `order`, which becomes sorted by class, then as it was.
std::vector<std::ptrdiff_t> group_classes(const std::int64_t* classes, std::ptrdiff_t n,
                                          std::uint32_t* order) {
  const auto size = static_cast<std::size_t>(n);
  const std::unique_ptr<Keyed<std::uint64_t>[]> items(new Keyed<std::uint64_t>[2 * size]);
  for (std::size_t i = 0; i < size; ++i) {
    items[i] = {static_cast<std::uint64_t>(classes[order[i]]), order[i]};
  }
  const Keyed<std::uint64_t>* sorted = radix_sort(items.get(), items.get() + size, n);
  std::vector<std::ptrdiff_t> ends;
  for (std::size_t i = 0; i < size; ++i) {
    order[i] = sorted[i].index;
    if (i + 1 == size || sorted[i].key != sorted[i + 1].key) {
      ends.push_back(static_cast<std::ptrdiff_t>(i) + 1);
    }
  }
  return ends;
}

template <typename T>
void suppress(const Greedy<T>& greedy, const std::uint32_t* order, std::ptrdiff_t n,
              const std::int64_t* classes, std::uint8_t* kept) {
  if (classes == nullptr) {
    n <= kFew ? greedy.few(order, n, kept) : greedy.many(order, n, kept);
    return;
  }
  const std::unique_ptr<std::uint32_t[]> grouped(new std::uint32_t[static_cast<std::size_t>(n)]);
  std::copy(order, order + n, grouped.get());
  std::ptrdiff_t start = 0;
  for (const std::ptrdiff_t end : group_classes(classes, n, grouped.get())) {
    suppress(greedy, grouped.get() + start, end - start, nullptr, kept);
    start = end;
  }
}

std::ptrdiff_t collect(const std::uint32_t* order, std::ptrdiff_t n, const std::uint8_t* kept,
                       std::int64_t* out) {
  std::ptrdiff_t count = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    out[count] = order[i];
    count += kept[order[i]];
  }
  return count;
}

}  // namespace

template <typename T, typename Score>
std::ptrdiff_t nms(Boxes<T> boxes, const Score* scores, const std::int64_t* classes,
                   double threshold, std::int64_t* out) {
  using Key = decltype(descending_key(Score(0)));
  const std::ptrdiff_t n = boxes.count;
  check_threshold("iou_threshold", threshold);
  check_boxes("boxes", boxes);
  check_scores(scores, n);
  check_count(n);
  const BoxKernels& kernels = CVFAST_PICK(box_kernels);
  const Greedy<T> greedy(kernels, boxes.data, threshold);
  if (n <= kFew) {
    Key keys[kFew];
    std::uint32_t order[kFew];
    std::uint8_t kept[kFew] = {};
    for (std::ptrdiff_t i = 0; i < n; ++i) keys[i] = descending_key(scores[i]);
    order_few(kernels, keys, static_cast<std::uint32_t>(n), order);
    suppress(greedy, order, n, classes, kept);
    return collect(order, n, kept, out);
  }
  const auto size = static_cast<std::size_t>(n);
  const std::unique_ptr<Keyed<Key>[]> items(new Keyed<Key>[2 * size]);
  for (std::size_t i = 0; i < size; ++i) {
    items[i] = {descending_key(scores[i]), static_cast<std::uint32_t>(i)};
  }
  const Keyed<Key>* sorted = radix_sort(items.get(), items.get() + size, n);
  const std::unique_ptr<std::uint32_t[]> order(new std::uint32_t[size]);
  for (std::size_t i = 0; i < size; ++i) order[i] = sorted[i].index;
  const auto kept = std::make_unique<std::uint8_t[]>(size);
  suppress(greedy, order.get(), n, classes, kept.get());
  return collect(order.get(), n, kept.get(), out);
}

template std::ptrdiff_t nms(Boxes<float>, const float*, const std::int64_t*, double, std::int64_t*);
template std::ptrdiff_t nms(Boxes<float>, const double*, const std::int64_t*, double,
                            std::int64_t*);
template std::ptrdiff_t nms(Boxes<double>, const float*, const std::int64_t*, double,
                            std::int64_t*);
template std::ptrdiff_t nms(Boxes<double>, const double*, const std::int64_t*, double,
                            std::int64_t*);

}  // namespace cvfast
