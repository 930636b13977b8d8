#include <algorithm>
#include <limits>
#include <memory>

#include "boxes.h"
#include "cvfast/parallel.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr std::ptrdiff_t kColumns = 1024;  // boxes of b kept in L1 while rows pass by
constexpr std::ptrdiff_t kRows = 16;

template <typename T>
OneBox<T> measured(const std::string& name, Boxes<T> boxes, std::ptrdiff_t i) {
  const T* b = boxes.data + 4 * i;
  const OneBox<T> box = {b[0], b[1], b[2], b[3], (b[2] - b[0]) * (b[3] - b[1])};
  if (!(box.area <= std::numeric_limits<T>::max() / 2)) {  // two are added
    reject(name, i, "a box of which its dtype can hold twice the area",
           static_cast<double>(box.area));
  }
  return box;
}

void iou_row(const BoxKernels& kernels, const BoxColumns<float>& columns, std::ptrdiff_t n,
             const OneBox<float>& box, float* out) {
  kernels.iou_f32(columns, n, box, out);
}
void iou_row(const BoxKernels& kernels, const BoxColumns<double>& columns, std::ptrdiff_t n,
             const OneBox<double>& box, double* out) {
  kernels.iou_f64(columns, n, box, out);
}

template <typename T>
void iou_matrix(Boxes<T> a, Boxes<T> b, T* out) {
  check_boxes("a", a);
  check_boxes("b", b);
  const std::ptrdiff_t n = a.count, m = b.count;
  const auto rows = std::make_unique<OneBox<T>[]>(static_cast<std::size_t>(n));
  for (std::ptrdiff_t i = 0; i < n; ++i) rows[static_cast<std::size_t>(i)] = measured("a", a, i);
  const auto memory = std::make_unique<T[]>(static_cast<std::size_t>(5 * m));
  T* const column = memory.get();
  for (std::ptrdiff_t j = 0; j < m; ++j) {
    const OneBox<T> box = measured("b", b, j);
    const T values[] = {box.x0, box.y0, box.x1, box.y1, box.area};
    for (int k = 0; k < 5; ++k) column[k * m + j] = values[k];
  }
  const BoxKernels& kernels = CVFAST_PICK(box_kernels);
  const int threads = threads_for(0, 0.27 * static_cast<double>(n) * static_cast<double>(m));
  parallel_for((n + kRows - 1) / kRows, threads, [&](std::ptrdiff_t block) {
    for (std::ptrdiff_t j = 0; j < m; j += kColumns) {
      const T* at = column + j;
      const BoxColumns<T> columns = {at, at + m, at + 2 * m, at + 3 * m, at + 4 * m};
      for (std::ptrdiff_t i = block * kRows; i < std::min(n, (block + 1) * kRows); ++i) {
        iou_row(kernels, columns, std::min(kColumns, m - j), rows[static_cast<std::size_t>(i)],
                out + i * m + j);
      }
    }
  });
}

}  // namespace

void iou(Boxes<float> a, Boxes<float> b, float* out) { iou_matrix(a, b, out); }
void iou(Boxes<double> a, Boxes<double> b, double* out) { iou_matrix(a, b, out); }

}  // namespace cvfast
