#include "cvfast/tps.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/kernels.h"
#include "pick.h"
#include "tps_plan.h"

namespace cvfast {

namespace {

constexpr std::size_t kLine = 64;                  // bytes
constexpr double kHalfLog2 = 0.34657359027997264;  // r^2 log r = log(2) / 2 * r^2 log2 r^2

// The spline as the kernels take it: separate coordinates, weights for r^2 log2 r^2.
template <typename T>
struct SplineArrays {
  std::vector<T> x, y, wx, wy;
  Spline<T> view;

  explicit SplineArrays(const ThinPlateSpline& spline) {
    for (std::ptrdiff_t i = 0; i < spline.count; ++i) {
      x.push_back(static_cast<T>(spline.centers[2 * i]));
      y.push_back(static_cast<T>(spline.centers[2 * i + 1]));
      wx.push_back(static_cast<T>(kHalfLog2 * spline.weights[2 * i]));
      wy.push_back(static_cast<T>(kHalfLog2 * spline.weights[2 * i + 1]));
    }
    view = {x.data(),
            y.data(),
            wx.data(),
            wy.data(),
            spline.count,
            {},
            static_cast<T>(spline.origin[0]),
            static_cast<T>(spline.origin[1]),
            static_cast<T>(spline.scale)};
    for (int k = 0; k < 6; ++k) view.affine[k] = static_cast<T>(spline.affine[k]);
  }
};

// Displacements at the points of one row: x0, x0 + step, ... as float.
void displace_row(const TpsKernels& kernels, const Spline<double>& spline, double x0, double step,
                  double row, std::ptrdiff_t n, float* dx, float* dy, std::ptrdiff_t apart) {
  double x[kBlock] = {}, y[kBlock] = {}, ox[kBlock], oy[kBlock];
  for (std::ptrdiff_t first = 0; first < n; first += kBlock) {
    const std::ptrdiff_t m = std::min(n - first, kBlock);
    for (std::ptrdiff_t i = 0; i < m; ++i) {
      x[i] = x0 + step * static_cast<double>(first + i);
      y[i] = row;
    }
    kernels.displace_f64(spline, x, y, m, ox, oy);
    for (std::ptrdiff_t i = 0; i < m; ++i) {
      dx[(first + i) * apart] = static_cast<float>(ox[i]);
      dy[(first + i) * apart] = static_cast<float>(oy[i]);
    }
  }
}

// The smooth part of the map: rows of nodes, a value a pixel column. Summing at every pixel instead
// took 6.7 ms for 68 points at 512x384 in float (numpy 23); the whole of this takes 0.3.
class Grid {
 public:
  Grid(const TpsKernels& kernels, const ThinPlateSpline& spline, const Plan& plan,
       std::ptrdiff_t width, std::ptrdiff_t height, int threads) {
    const SplineArrays<double> doubles(spline);
    const SplineArrays<float> floats(spline);
    const int cell = plan.cell;
    const std::ptrdiff_t cells = (whole_groups(width) + cell - 1) / cell;
    const std::ptrdiff_t rows = (height + cell - 1) / cell + kNodesAround;
    const std::ptrdiff_t stride = cells * cell + kGroup;  // no power of two: cache sets
    // Whole cache lines: loads that straddle two take twice as long.
    const auto line = static_cast<std::ptrdiff_t>(kLine / sizeof(float));
    memory_.reset(new float[static_cast<std::size_t>(2 * stride * rows + line)]);
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    float* const all_dx = memory_.get() + (kLine - address % kLine) / sizeof(float);
    float* const all_dy = all_dx + stride * rows;
    view = {all_dx, all_dy, stride, cell};
    parallel_for(rows, threads_for(threads, plan.cost), [&](std::ptrdiff_t j) {
      const auto y = static_cast<std::int32_t>((j - kNodesBefore) * cell);
      const PeakRange near = peaks_near(plan, y, y);
      // A block of cells at a time, with the nodes that it shares with its neighbours.
      float dx[kPadded], dy[kPadded];
      for (std::ptrdiff_t i = 0; i < cells; i += kBlock - kNodesAround) {
        const std::ptrdiff_t m = std::min(cells - i, kBlock - kNodesAround);
        const std::ptrdiff_t n = m + kNodesAround;
        const auto x = static_cast<std::int32_t>((i - kNodesBefore) * cell);
        if (plan.double_nodes) {
          displace_row(kernels, doubles.view, x, cell, y, n, dx, dy, 1);
        } else {
          kernels.displace_row_f32(floats.view, x, cell, y, whole_groups(n), dx, dy);
        }
        kernels.add_peaks_f32(near.first, near.count, x, cell, static_cast<std::int32_t>(n), y, 1,
                              -1.0f, dx, dy);
        const std::ptrdiff_t at = j * stride + i * cell;
        kernels.expand_row_f32(dx, m, cell, all_dx + at);
        kernels.expand_row_f32(dy, m, cell, all_dy + at);
      }
    });
  }

  SplineGrid view;

 private:
  std::unique_ptr<float[]> memory_;
};

void sample(const TpsKernels& kernels, const Source<std::uint8_t>& source, const float* x,
            const float* y, std::ptrdiff_t n, std::uint8_t* out) {
  kernels.sample_u8(source, x, y, n, out);
}
void sample(const TpsKernels& kernels, const Source<float>& source, const float* x, const float* y,
            std::ptrdiff_t n, float* out) {
  kernels.sample_f32(source, x, y, n, out);
}

// positions(x, n, y, rows, sx, sy) gives the source positions of runs of pixels; no map is kept.
template <typename T, typename Positions>
void warp_rows(const TpsKernels& kernels, ImageView<const T> image, ImageView<T> out,
               std::ptrdiff_t strip_rows, int threads, const Positions& positions) {
  const Source<T> source = {image.data, image.width, image.height, image.channels,
                            image.row_stride};
  parallel_for((out.height + strip_rows - 1) / strip_rows, threads, [&](std::ptrdiff_t strip) {
    const std::ptrdiff_t top = strip * strip_rows, bottom = std::min(top + strip_rows, out.height);
    alignas(kLine) float sx[kBandRows * kPadded];
    alignas(kLine) float sy[kBandRows * kPadded];
    for (std::ptrdiff_t x = 0; x < out.width; x += kBlock) {
      const std::ptrdiff_t n = std::min(out.width - x, kBlock);
      for (std::ptrdiff_t y = top; y < bottom; y += kBandRows) {
        const std::ptrdiff_t rows = std::min(bottom - y, kBandRows);
        positions(x, n, y, rows, sx, sy);
        for (std::ptrdiff_t row = 0; row < rows; ++row) {
          sample(kernels, source, sx + row * kPadded, sy + row * kPadded, n,
                 out.row(y + row) + x * out.channels);
        }
      }
    }
  });
}

template <typename T>
void warp(const ThinPlateSpline& spline, ImageView<const T> image, ImageView<T> out, bool exact,
          int threads) {
  if (out.width == 0 || out.height == 0) return;
  const TpsKernels& kernels = CVFAST_PICK(tps_kernels);
  const double pixels = static_cast<double>(out.width) * static_cast<double>(out.height);
  const Plan plan = plan_map(spline, out.width, out.height, exact);
  if (plan.cell == 0) {
    const SplineArrays<double> arrays(spline);
    const int count = threads_for(threads, pixels * static_cast<double>(spline.count));
    warp_rows(kernels, image, out, 1, count,
              [&](std::ptrdiff_t x, std::ptrdiff_t n, std::ptrdiff_t y, std::ptrdiff_t, float* sx,
                  float* sy) {
                displace_row(kernels, arrays.view, static_cast<double>(x), 1,
                             static_cast<double>(y), n, sx, sy, 1);
                for (std::ptrdiff_t i = 0; i < n; ++i) {
                  sx[i] += static_cast<float>(x + i);
                  sy[i] += static_cast<float>(y);
                }
              });
    return;
  }
  const Grid grid(kernels, spline, plan, out.width, out.height, threads);
  warp_rows(kernels, image, out, plan.cell, threads_for(threads, pixels * 2 + plan.cost),
            [&](std::ptrdiff_t x, std::ptrdiff_t n, std::ptrdiff_t y, std::ptrdiff_t rows,
                float* sx, float* sy) {
              kernels.grid_rows_f32(grid.view, x, n, y, rows, sx, sy);
              const PeakRange near = peaks_near(plan, y, y + rows);
              kernels.add_peaks_f32(near.first, near.count, static_cast<std::int32_t>(x), 1,
                                    static_cast<std::int32_t>(n), static_cast<std::int32_t>(y),
                                    static_cast<std::int32_t>(rows), 1.0f, sx, sy);
            });
}

}  // namespace

void tps_transform(const ThinPlateSpline& spline, const double* points, std::ptrdiff_t count,
                   double* out, int threads) {
  check_finite("points", points, count, 2);
  const TpsKernels& kernels = CVFAST_PICK(tps_kernels);
  const SplineArrays<double> arrays(spline);
  const std::ptrdiff_t blocks = (count + kBlock - 1) / kBlock;
  const double cost = static_cast<double>(count) * static_cast<double>(spline.count + 8) * 2;
  parallel_for(blocks, threads_for(threads, cost), [&](std::ptrdiff_t block) {
    double x[kBlock] = {}, y[kBlock] = {}, dx[kBlock], dy[kBlock];
    const std::ptrdiff_t first = block * kBlock, n = std::min(count - first, kBlock);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      x[i] = points[2 * (first + i)];
      y[i] = points[2 * (first + i) + 1];
    }
    kernels.displace_f64(arrays.view, x, y, n, dx, dy);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      out[2 * (first + i)] = x[i] + dx[i];
      out[2 * (first + i) + 1] = y[i] + dy[i];
    }
  });
}

void tps_displacement(const ThinPlateSpline& spline, float* out, std::ptrdiff_t width,
                      std::ptrdiff_t height, std::ptrdiff_t step, int threads) {
  if (width == 0 || height == 0) return;
  const TpsKernels& kernels = CVFAST_PICK(tps_kernels);
  const SplineArrays<double> arrays(spline);
  const double cost = static_cast<double>(width) * static_cast<double>(height) *
                      static_cast<double>(spline.count + 8) * 2;
  parallel_for(height, threads_for(threads, cost), [&](std::ptrdiff_t y) {
    float* row = out + y * width * 2;
    displace_row(kernels, arrays.view, 0, static_cast<double>(step), static_cast<double>(y * step),
                 width, row, row + 1, 2);
  });
}

void tps_warp(const ThinPlateSpline& spline, ImageView<const std::uint8_t> image,
              ImageView<std::uint8_t> out, bool exact, int threads) {
  warp(spline, image, out, exact, threads);
}

void tps_warp(const ThinPlateSpline& spline, ImageView<const float> image, ImageView<float> out,
              bool exact, int threads) {
  warp(spline, image, out, exact, threads);
}

}  // namespace cvfast
