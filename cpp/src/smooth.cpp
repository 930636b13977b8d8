#include "cvfast/smooth.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "arena.h"
#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kMostCell = 256, kMostRadius = 64;

void check_range(const char* name, double value, bool inside, const char* expected) {
  if (!inside) {
    throw std::invalid_argument(std::string(name) + ": expected " + expected + ", got " +
                                shown(value));
  }
}

void check_cell(ptrdiff_t cell_x, ptrdiff_t cell_y) {
  for (const ptrdiff_t side : {cell_x, cell_y}) {
    check_range("cell", static_cast<double>(side), side >= 1 && side <= kMostCell,
                "sides of 1 to 256 samples");
  }
}

void check(const Smoothing& s, const float* weights, ptrdiff_t cells) {
  check_cell(s.cell_x, s.cell_y);
  check_range("radius", static_cast<double>(s.radius), s.radius >= 1 && s.radius <= kMostRadius,
              "1 to 64 cells");
  check_range("epsilon", s.epsilon, s.epsilon > 0 && std::isfinite(s.epsilon), "a number over 0");
  check_range("strength", s.strength, s.strength >= 0 && s.strength <= 1, "a number in [0, 1]");
  check_range("texture", s.texture, s.texture >= 0 && s.texture <= 1, "a number in [0, 1]");
  if (CVFAST_PICK(smooth_kernels).are_shares(weights, cells)) return;
  for (ptrdiff_t i = 0; i < cells; ++i) {
    if (!(weights[i] >= 0 && weights[i] <= 1)) {
      reject("weights", i, "numbers in [0, 1]", static_cast<double>(weights[i]));
    }
  }
}

void column_sums(const SmoothKernels& k, const std::uint8_t* from, ptrdiff_t stride, ptrdiff_t rows,
                 ptrdiff_t n, float* out) {
  k.column_sums_u8(from, stride, rows, n, out);
}
void column_sums(const SmoothKernels& k, const float* from, ptrdiff_t stride, ptrdiff_t rows,
                 ptrdiff_t n, float* out) {
  k.column_sums_f32(from, stride, rows, n, out);
}
void apply(const SmoothKernels& k, const SmoothRows& rows, ptrdiff_t n, std::uint8_t* row) {
  k.apply_u8(rows, n, row);
}
void apply(const SmoothKernels& k, const SmoothRows& rows, ptrdiff_t n, float* row) {
  k.apply_f32(rows, n, row);
}

ptrdiff_t cells_of(ptrdiff_t samples, ptrdiff_t cell) { return (samples + cell - 1) / cell; }

// Means of one row of cells; `sums` has room for a row of samples.
template <typename T>
void mean_row(const SmoothKernels& k, ImageView<T> plane, ptrdiff_t cell_x, ptrdiff_t cell_y,
              ptrdiff_t j, float* sums, float* out) {
  const ptrdiff_t top = j * cell_y, rows = std::min(cell_y, plane.height - top);
  column_sums(k, plane.row(top), plane.row_stride, rows, plane.width, sums);
  const ptrdiff_t whole = plane.width / cell_x;
  const float share = 1.0F / static_cast<float>(rows * cell_x);
  k.cell_sums(sums, cell_x, share, whole, out);
  const ptrdiff_t rest = plane.width - whole * cell_x;
  if (rest > 0) {
    float sum = 0;
    for (ptrdiff_t x = 0; x < rest; ++x) sum += sums[whole * cell_x + x];
    out[whole] = sum / static_cast<float>(rows * rest);
  }
}

// Where sample x lies among the cells: between `left` and the next one, in rows that begin with one
// cell more.
struct Place {
  std::int32_t left;
  float t;
};

Place place(ptrdiff_t x, ptrdiff_t cell) {
  const double at = (static_cast<double>(x) + 0.5) / static_cast<double>(cell) + 0.5;
  const double left = std::floor(at);
  return {static_cast<std::int32_t>(left), static_cast<float>(at - left)};
}

// All planes of cells of a call. Rows of those that windows run over have `radius` zeros on both
// sides.
class Cells {
 public:
  Cells(ptrdiff_t across, ptrdiff_t down, ptrdiff_t reach, ptrdiff_t samples, int threads)
      : columns(across),
        rows(down),
        radius(reach),
        padded(across + 2 * reach),
        width(samples),
        arena_(5 * Arena::size_of<float>(padded * rows) +
               2 * Arena::size_of<float>(columns * rows) + 2 * Arena::size_of<float>(width * rows) +
               Arena::size_of<float>(width) + Arena::size_of<std::int32_t>(width) +
               Arena::size_of<float>(threads * scratch_size())) {
    for (float** plane : {&w, &wx, &wxx, &wa, &wb}) {
      *plane = arena_.take<float>(padded * rows);
      std::memset(*plane, 0, static_cast<std::size_t>(padded * rows) * sizeof(float));
    }
    x = arena_.take<float>(columns * rows);
    sum = arena_.take<float>(columns * rows);
    gain = arena_.take<float>(width * rows);
    offset = arena_.take<float>(width * rows);
    t = arena_.take<float>(width);
    left = arena_.take<std::int32_t>(width);
    scratch_ = arena_.take<float>(threads * scratch_size());
  }

  float* inner(float* plane, ptrdiff_t j) const { return plane + j * padded + radius; }
  float* scratch(ptrdiff_t thread) const { return scratch_ + thread * scratch_size(); }
  ptrdiff_t scratch_size() const { return std::max(width, 4 * padded) + 2 * (columns + 2); }

  const ptrdiff_t columns, rows, radius, padded, width;
  float *w, *wx, *wxx, *wa, *wb;  // padded
  float *x, *sum;
  float *gain, *offset;  // by samples across, by cells down
  float* t;
  std::int32_t* left;

 private:
  Arena arena_;
  float* scratch_;
};

// Sums of the windows round the cells of row j; `room` holds a padded row.
void window(const SmoothKernels& k, const Cells& c, const float* plane, ptrdiff_t j, float* room,
            float* out) {
  const ptrdiff_t top = std::max<ptrdiff_t>(j - c.radius, 0);
  const ptrdiff_t bottom = std::min(j + c.radius + 1, c.rows);
  k.window_sum(plane + top * c.padded, c.padded, bottom - top, c.padded, room);
  k.window_sum(room, 1, 2 * c.radius + 1, c.columns, out);
}

// A row of cells with its ends repeated, as one value a sample.
void expand(const SmoothKernels& k, const Cells& c, ptrdiff_t cell, float* row, float* out) {
  row[0] = row[1];
  row[c.columns + 1] = row[c.columns];
  k.expand(row, cell, c.left, c.t, c.width, out);
}

template <typename T>
void run(ImageView<T> plane, const float* weights, const Smoothing& s, int requested) {
  check_cell(s.cell_x, s.cell_y);
  const ptrdiff_t columns = cells_of(plane.width, s.cell_x);
  const ptrdiff_t rows = cells_of(plane.height, s.cell_y);
  check(s, weights, columns * rows);
  if (columns * rows == 0 || s.strength == 0) return;
  const double samples = static_cast<double>(plane.width) * static_cast<double>(plane.height);
  const double cells = static_cast<double>(columns * rows);
  const int threads =
      threads_for(requested, 0.5 * samples + cells * (3 + 0.5 * static_cast<double>(s.radius)));
  const SmoothKernels& k = CVFAST_PICK(smooth_kernels);
  const Cells c(columns, rows, s.radius, plane.width, threads);
  for (ptrdiff_t x = 0; x < plane.width; ++x) {
    const Place at = place(x, s.cell_x);
    c.left[x] = at.left;
    c.t[x] = at.t;
  }
  by_runs(rows, threads, [&](ptrdiff_t j, ptrdiff_t thread) {
    float* const x = c.x + j * columns;
    mean_row(k, plane, s.cell_x, s.cell_y, j, c.scratch(thread), x);
    std::memcpy(c.inner(c.w, j), weights + j * columns,
                static_cast<std::size_t>(columns) * sizeof(float));
    k.moments(c.inner(c.w, j), x, columns, c.inner(c.wx, j), c.inner(c.wxx, j));
  });
  const auto epsilon = static_cast<float>(s.epsilon);
  by_runs(rows, threads, [&](ptrdiff_t j, ptrdiff_t thread) {
    float* const room = c.scratch(thread);
    float* const sum_x = room + c.padded;
    float* const sum_xx = sum_x + c.padded;
    float* const sum = c.sum + j * columns;
    window(k, c, c.w, j, room, sum);
    window(k, c, c.wx, j, room, sum_x);
    window(k, c, c.wxx, j, room, sum_xx);
    k.fit(c.inner(c.w, j), sum, sum_x, sum_xx, epsilon, columns, c.inner(c.wa, j),
          c.inner(c.wb, j));
  });
  by_runs(rows, threads, [&](ptrdiff_t j, ptrdiff_t thread) {
    float* const room = c.scratch(thread);
    float* const sum_a = room + c.padded;
    float* const sum_b = sum_a + c.padded;
    float* const gain = room + c.scratch_size() - 2 * (columns + 2);
    float* const offset = gain + columns + 2;
    window(k, c, c.wa, j, room, sum_a);
    window(k, c, c.wb, j, room, sum_b);
    k.blend(c.inner(c.w, j), c.x + j * columns, c.sum + j * columns, sum_a, sum_b,
            static_cast<float>(s.strength), static_cast<float>(s.texture), columns, gain + 1,
            offset + 1);
    expand(k, c, s.cell_x, gain, c.gain + j * c.width);
    expand(k, c, s.cell_x, offset, c.offset + j * c.width);
  });
  parallel_for(plane.height, threads, [&](ptrdiff_t y) {
    const Place at = place(y, s.cell_y);
    const ptrdiff_t first = std::clamp<ptrdiff_t>(at.left - 1, 0, rows - 1) * c.width;
    const ptrdiff_t second = std::clamp<ptrdiff_t>(at.left, 0, rows - 1) * c.width;
    apply(k, {c.gain + first, c.gain + second, c.offset + first, c.offset + second, at.t}, c.width,
          plane.row(y));
  });
}

template <typename T>
void means(ImageView<const T> plane, ptrdiff_t cell_x, ptrdiff_t cell_y, float* out) {
  check_cell(cell_x, cell_y);
  const SmoothKernels& k = CVFAST_PICK(smooth_kernels);
  const ptrdiff_t columns = cells_of(plane.width, cell_x), rows = cells_of(plane.height, cell_y);
  std::vector<float> sums(static_cast<std::size_t>(plane.width));
  for (ptrdiff_t j = 0; j < (columns > 0 ? rows : 0); ++j) {
    mean_row(k, plane, cell_x, cell_y, j, sums.data(), out + j * columns);
  }
}

}  // namespace

void smooth(ImageView<std::uint8_t> plane, const float* weights, const Smoothing& smoothing,
            int threads) {
  run(plane, weights, smoothing, threads);
}

void smooth(ImageView<float> plane, const float* weights, const Smoothing& smoothing, int threads) {
  run(plane, weights, smoothing, threads);
}

void cell_means(ImageView<const std::uint8_t> plane, std::ptrdiff_t cell_x, std::ptrdiff_t cell_y,
                float* out) {
  means(plane, cell_x, cell_y, out);
}

void cell_means(ImageView<const float> plane, std::ptrdiff_t cell_x, std::ptrdiff_t cell_y,
                float* out) {
  means(plane, cell_x, cell_y, out);
}

}  // namespace cvfast
