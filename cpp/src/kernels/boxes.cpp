// Overlaps of one box with columns of boxes, and the order of a few keys.
#include <string.h>

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
bool any_over(const BoxColumns<T>& columns, std::ptrdiff_t n, const OneBox<T>& one, T threshold) {
  const BoxColumns<T> boxes = columns;
  const OneBox<T> box = one;
  for (std::ptrdiff_t i = 0; i < n; i += kBoxLanes) {
    int over = 0;
    for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) {
      const T inter = intersection(boxes, i + k, box);
      over |= static_cast<int>(inter / (box.area + boxes.area[i + k] - inter) > threshold);
    }
    if (over != 0) return true;
  }
  return false;
}

std::ptrdiff_t next_near_f64(const BoxColumns<double>& columns, std::ptrdiff_t from,
                             std::ptrdiff_t n, const OneBox<double>& one) {
  const BoxColumns<double> boxes = columns;
  const OneBox<double> box = one;
  std::ptrdiff_t i = from;
  for (; i < n; i += kBoxLanes) {
    int near = 0;
    for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) {
      near |= static_cast<int>(intersection(boxes, i + k, box) > 0.0);
    }
    if (near != 0) break;
  }
  return i;
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
void gaussian_f64(const double* __restrict ious, double sigma, double* __restrict factors) {
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

bool any_over_f32(const BoxColumns<float>& boxes, std::ptrdiff_t n, const OneBox<float>& box,
                  float threshold) {
  return any_over(boxes, n, box, threshold);
}
bool any_over_f64(const BoxColumns<double>& boxes, std::ptrdiff_t n, const OneBox<double>& box,
                  double threshold) {
  return any_over(boxes, n, box, threshold);
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
const BoxKernels box_kernels = {any_over_f32, any_over_f64, next_near_f64, iou_f32,
                                iou_f64,      gaussian_f64, order_u32,     order_u64};

}  // namespace cvfast::CVFAST_ISA
