// Overlaps of one box with columns of boxes, and the order of a few keys.
#include "kernels/kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

template <typename T>
inline T intersection(const BoxColumns<T>& boxes, std::ptrdiff_t i, const OneBox<T>& box) {
  const T left = boxes.x0[i] > box.x0 ? boxes.x0[i] : box.x0;
  const T top = boxes.y0[i] > box.y0 ? boxes.y0[i] : box.y0;
  const T right = boxes.x1[i] < box.x1 ? boxes.x1[i] : box.x1;
  const T bottom = boxes.y1[i] < box.y1 ? boxes.y1[i] : box.y1;
  const T w = right - left, h = bottom - top;
  return (w > T(0) ? w : T(0)) * (h > T(0) ? h : T(0));
}

template <typename T>
void iou_row(const BoxColumns<T>& columns, std::ptrdiff_t n, const OneBox<T>& one,
             T* __restrict out) {
  const BoxColumns<T> boxes = columns;
  const OneBox<T> box = one;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const T inter = intersection(boxes, i, box);
    const T united = box.area + boxes.area[i] - inter;
    out[i] = inter > T(0) ? inter / united : T(0);
  }
}

// Each key's place is the number of keys before it: n^2 comparisons, yet no branch.
template <typename Key>
void order_keys(const Key* __restrict keys, std::uint32_t n, std::uint32_t* __restrict order) {
  for (std::uint32_t i = 0; i < n; ++i) {
    const Key key = keys[i];
    Key before = 0;  // as wide as the keys, so that the comparisons' lanes fit
    for (std::uint32_t j = 0; j < i; ++j) before += static_cast<Key>(keys[j] <= key);
    for (std::uint32_t j = i + 1; j < n; ++j) before += static_cast<Key>(keys[j] < key);
    order[before] = i;
  }
}

void iou_f32(const BoxColumns<float>& boxes, std::ptrdiff_t n, const OneBox<float>& box,
             float* out) {
  iou_row(boxes, n, box, out);
}
void iou_f64(const BoxColumns<double>& boxes, std::ptrdiff_t n, const OneBox<double>& box,
             double* out) {
  iou_row(boxes, n, box, out);
}
void order_u32(const std::uint32_t* keys, std::uint32_t n, std::uint32_t* order) {
  order_keys(keys, n, order);
}
void order_u64(const std::uint64_t* keys, std::uint32_t n, std::uint32_t* order) {
  order_keys(keys, n, order);
}

}  // namespace

extern const BoxKernels box_kernels;
const BoxKernels box_kernels = {iou_f32, iou_f64, order_u32, order_u64};

}  // namespace cvfast::CVFAST_ISA
