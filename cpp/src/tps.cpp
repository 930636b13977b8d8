#include "cvfast/tps.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr double kHalfLog2 = 0.34657359027997264;  // r^2 log r = log(2) / 2 * r^2 log2 r^2
constexpr double kExactNanoseconds = 0.5;          // rough cost of a control point at a pixel

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

// Whether float keeps the sum over the control points within about 1/100 px over the picture.
bool float_suffices(const ThinPlateSpline& spline, std::ptrdiff_t width, std::ptrdiff_t height) {
  double sum = 0, far2 = 0;
  for (std::ptrdiff_t i = 0; i < spline.count; ++i) {
    sum += std::max(std::abs(spline.weights[2 * i]), std::abs(spline.weights[2 * i + 1]));
    for (const double px : {0.0, static_cast<double>(width)}) {
      for (const double py : {0.0, static_cast<double>(height)}) {
        const double a = (px - spline.origin[0]) * spline.scale - spline.centers[2 * i];
        const double b = (py - spline.origin[1]) * spline.scale - spline.centers[2 * i + 1];
        far2 = std::max(far2, a * a + b * b);
      }
    }
  }
  const double largest = std::max(0.2, far2 * std::abs(std::log(far2 + 1e-300)) / 2);
  const double eps = 1.2e-7;
  // Rounding in r^2 log r^2, in the running sum, and in the normalised coordinates.
  return eps * sum * (largest + far2) < 1e-2 && far2 < 1e12;  // beyond, squares would overflow
}

// The widest grid that keeps the map within 0.08 px, or 0 where none does. The error sits where the
// patches end, and is that of the cubic there: it grows with the weights and the cell's area. 0.35
// is the most it came to, in pixels at 8 px a cell, over many splines: rough, bunched and smooth.
int grid_cell(const ThinPlateSpline& spline) {
  double x2 = 0, y2 = 0;
  for (std::ptrdiff_t i = 0; i < spline.count; ++i) {
    x2 += spline.weights[2 * i] * spline.weights[2 * i];
    y2 += spline.weights[2 * i + 1] * spline.weights[2 * i + 1];
  }
  const double weights = std::sqrt(std::max(x2, y2)) * spline.scale * spline.scale;
  for (const int cell : {8, 4, 2}) {
    if (0.35 * weights * cell * cell / 64 <= 0.08) return cell;
  }
  return 0;
}

class Grid {
 public:
  Grid(const TpsKernels& kernels, const ThinPlateSpline& spline, std::ptrdiff_t width,
       std::ptrdiff_t height, int cell, int threads) {
    const SplineArrays<double> arrays(spline);
    const std::ptrdiff_t columns = (width + cell - 1) / cell + 3;
    const std::ptrdiff_t rows = (height + cell - 1) / cell + 3;
    dx_.resize(static_cast<std::size_t>(columns * rows));
    dy_.resize(dx_.size());
    const double cost = static_cast<double>(columns * rows * (spline.count + 8)) * 2;
    parallel_for(rows, threads_for(threads, cost), [&](std::ptrdiff_t j) {
      displace_row(kernels, arrays.view, -cell, cell, static_cast<double>((j - 1) * cell), columns,
                   dx_.data() + j * columns, dy_.data() + j * columns, 1);
    });
    add_patches(kernels, spline, width, height, cell);
    view = {dx_.data(),
            dy_.data(),
            columns,
            patches_.data(),
            static_cast<std::ptrdiff_t>(patches_.size()),
            cell};
  }

  SplineGrid view;

 private:
  void add_patches(const TpsKernels& kernels, const ThinPlateSpline& spline, std::ptrdiff_t width,
                   std::ptrdiff_t height, int cell) {
    // A weight for normalised distances is one for pixels times scale^2; the logarithm's shift
    // adds a quadratic, which the cubic interpolation reproduces.
    const double factor = kHalfLog2 * spline.scale * spline.scale;
    const int side = kPatchCells * cell;
    for (std::ptrdiff_t i = 0; i < spline.count; ++i) {
      const double x = spline.centers[2 * i] / spline.scale + spline.origin[0];
      const double y = spline.centers[2 * i + 1] / spline.scale + spline.origin[1];
      if (!(x > -side && y > -side && x < static_cast<double>(width) + side &&
            y < static_cast<double>(height) + side)) {
        continue;
      }
      SplinePatch patch;
      patch.x = (static_cast<std::ptrdiff_t>(std::floor(x / cell)) - 4) * cell;
      patch.y = (static_cast<std::ptrdiff_t>(std::floor(y / cell)) - 4) * cell;
      patch.center_x = static_cast<float>(x - static_cast<double>(patch.x));
      patch.center_y = static_cast<float>(y - static_cast<double>(patch.y));
      patch.wx = static_cast<float>(factor * spline.weights[2 * i]);
      patch.wy = static_cast<float>(factor * spline.weights[2 * i + 1]);
      kernels.patch_nodes_f32(patch, cell);
      patches_.push_back(patch);
    }
  }

  std::vector<float> dx_, dy_;
  std::vector<SplinePatch> patches_;
};

void sample(const TpsKernels& kernels, const Source<std::uint8_t>& source, const float* x,
            const float* y, std::ptrdiff_t n, std::uint8_t* out) {
  kernels.sample_u8(source, x, y, n, out);
}
void sample(const TpsKernels& kernels, const Source<float>& source, const float* x, const float* y,
            std::ptrdiff_t n, float* out) {
  kernels.sample_f32(source, x, y, n, out);
}

// positions(x, y, n, sx, sy) gives the source positions of a run of pixels; no map is kept.
template <typename T, typename Positions>
void warp_rows(const TpsKernels& kernels, ImageView<const T> image, ImageView<T> out, int threads,
               const Positions& positions) {
  const Source<T> source = {image.data, image.width, image.height, image.channels,
                            image.row_stride};
  parallel_for(out.height, threads, [&](std::ptrdiff_t y) {
    float sx[kBlock], sy[kBlock];
    for (std::ptrdiff_t x = 0; x < out.width; x += kBlock) {
      const std::ptrdiff_t n = std::min(out.width - x, kBlock);
      positions(x, y, n, sx, sy);
      sample(kernels, source, sx, sy, n, out.row(y) + x * out.channels);
    }
  });
}

template <typename T>
void warp(const ThinPlateSpline& spline, ImageView<const T> image, ImageView<T> out, bool exact,
          int threads) {
  if (out.width == 0 || out.height == 0) return;
  const TpsKernels& kernels = CVFAST_PICK(tps_kernels);
  const double pixels = static_cast<double>(out.width) * static_cast<double>(out.height);
  const int cell = exact ? 0 : grid_cell(spline);
  const double points = cell == 0 ? static_cast<double>(spline.count) : 2;
  const int count = threads_for(threads, pixels * (2 + kExactNanoseconds * points));
  if (cell != 0) {
    const Grid grid(kernels, spline, out.width, out.height, cell, threads);
    warp_rows(kernels, image, out, count,
              [&](std::ptrdiff_t x, std::ptrdiff_t y, std::ptrdiff_t n, float* sx, float* sy) {
                kernels.grid_row_f32(grid.view, x, y, n, sx, sy);
              });
  } else if (float_suffices(spline, out.width, out.height)) {
    const SplineArrays<float> arrays(spline);
    warp_rows(kernels, image, out, count,
              [&](std::ptrdiff_t x, std::ptrdiff_t y, std::ptrdiff_t n, float* sx, float* sy) {
                kernels.exact_row_f32(arrays.view, x, y, n, sx, sy);
              });
  } else {
    const SplineArrays<double> arrays(spline);
    warp_rows(kernels, image, out, count,
              [&](std::ptrdiff_t x, std::ptrdiff_t y, std::ptrdiff_t n, float* sx, float* sy) {
                displace_row(kernels, arrays.view, static_cast<double>(x), 1,
                             static_cast<double>(y), n, sx, sy, 1);
                for (std::ptrdiff_t i = 0; i < n; ++i) {
                  sx[i] += static_cast<float>(x + i);
                  sy[i] += static_cast<float>(y);
                }
              });
  }
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
