#include "cvfast/tps.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr std::size_t kLine = 64;  // bytes
constexpr double kHalfLog2 = 0.34657359027997264;  // r^2 log r = log(2) / 2 * r^2 log2 r^2
constexpr double kFloatError = 6e-8;       // relative, of a rounding
// Pixels by which the map may be wrong for each control point, from interpolating: more where the
// map is rough. A map comes out wrong by up to four times as much. And from roundings.
constexpr double kTolerance = 0.004, kRoughTolerance = 0.01, kExactTolerance = 0.001;
constexpr double kRoughShare = 1.3;  // px of tolerance a weight for r in pixels
constexpr double kPeakTolerance = 0.005, kNodeTolerance = 0.03;
constexpr double kBareError = 0.38;  // of interpolating r^2 log r itself, in cells

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

// How the map is made: interpolated between nodes, with the peak that each control point makes, and
// that no interpolation follows, taken out first and added again at every pixel.
struct Plan {
  int cell = 0;                   // 0: every pixel by itself, in double
  std::vector<SplinePeak> peaks;  // by y
  std::ptrdiff_t reach = 0;       // of the widest, in pixels
  bool double_nodes = true;
  double cost = 1e300;  // nanoseconds
};

// The peak of a control point at x, y with a weight for r in pixels. Interpolating the rest errs by
// at most 0.3 / radius^3 of the weight, radius and weight in cells: measured from 1 to 16 cells.
SplinePeak peak_at(double x, double y, const double* weight, double radius, int cell) {
  SplinePeak peak;
  peak.x = static_cast<std::int32_t>(std::floor(x));
  peak.y = static_cast<std::int32_t>(std::floor(y));
  peak.shift_x = static_cast<float>(x - std::floor(x));
  peak.shift_y = static_cast<float>(y - std::floor(y));
  peak.radius2 = static_cast<float>(radius * radius);
  peak.inverse_radius2 = static_cast<float>(1 / (radius * radius));
  peak.wx = static_cast<float>(0.5 * radius * radius * weight[0]);
  peak.wy = static_cast<float>(0.5 * radius * radius * weight[1]);
  // Wide peaks end as the Taylor polynomial of q ln q does; for narrow ones these coefficients,
  // fitted by linear programming, halve the largest error.
  const bool wide = radius > 6 * cell;
  peak.c2 = wide ? 0.5f : 0.49f;
  peak.c3 = wide ? -1.0f / 6 : -0.157f;
  peak.c4 = wide ? 1.0f / 12 : 0.0f;
  return peak;
}

double tolerance_for(const ThinPlateSpline& spline, bool exact) {
  if (exact) return kExactTolerance;
  double most = 0;
  for (std::ptrdiff_t i = 0; i < 2 * spline.count; ++i) {
    most = std::max(most, std::abs(spline.weights[i]));
  }
  return std::min(kTolerance + kRoughShare * most * spline.scale * spline.scale, kRoughTolerance);
}

Plan plan_cells(const ThinPlateSpline& spline, std::ptrdiff_t width, std::ptrdiff_t height,
                bool exact, int cell) {
  Plan plan;
  plan.cell = cell;
  const double tolerance = tolerance_for(spline, exact);
  const double area = cell * cell, scale2 = spline.scale * spline.scale;
  const double w = static_cast<double>(width), h = static_cast<double>(height);
  double squares = 0, far2 = 0, peak_cost = 0;
  for (std::ptrdiff_t i = 0; i < spline.count; ++i) {
    const double weight[] = {spline.weights[2 * i] * scale2, spline.weights[2 * i + 1] * scale2};
    const double most = std::max(std::abs(weight[0]), std::abs(weight[1]));
    const double x = spline.centers[2 * i] / spline.scale + spline.origin[0];
    const double y = spline.centers[2 * i + 1] / spline.scale + spline.origin[1];
    const double dx = std::max(std::abs(x), std::abs(w - x));
    const double dy = std::max(std::abs(y), std::abs(h - y));
    squares += most * most;
    far2 = std::max(far2, dx * dx + dy * dy);

    if (kBareError * most * area <= tolerance) continue;
    const double radius = cell * std::cbrt(0.3 * most * area / tolerance);
    const double margin = radius + 3 * cell;  // so far out nodes may lie
    if (!(x > -margin && x < w + margin && y > -margin && y < h + margin)) continue;
    if (!(0.5 * radius * radius * most * kFloatError <= kPeakTolerance)) return Plan();
    plan.peaks.push_back(peak_at(x, y, weight, radius, cell));
    plan.reach = std::max(plan.reach, static_cast<std::ptrdiff_t>(radius) + 1);
    peak_cost += std::min(radius * (30 + 2 * radius), w * h);
  }
  std::sort(plan.peaks.begin(), plan.peaks.end(),
            [](const SplinePeak& a, const SplinePeak& b) { return a.y < b.y; });

  // Four times what roundings of random signs come to. Beyond 1e12, squares would overflow.
  far2 *= scale2;
  const double largest = far2 * (1 + std::abs(std::log(far2 + 1e-300)) / 2);
  const double error = 4 * kFloatError * std::sqrt(squares) / scale2 * largest;
  plan.double_nodes = exact || !(error <= kNodeTolerance && far2 < 1e12);
  const double nodes = (w / cell + kNodesAround) * (h / cell + kNodesAround);
  const double node_cost = static_cast<double>(spline.count) * (plan.double_nodes ? 1.6 : 0.5);
  plan.cost = nodes * node_cost + w * (h / cell + kNodesAround) * 0.2 + peak_cost;
  return plan;
}

Plan plan_map(const ThinPlateSpline& spline, std::ptrdiff_t width, std::ptrdiff_t height,
              bool exact) {
  Plan best;
  for (const int cell : {4, 8, 16, 32}) {
    Plan plan = plan_cells(spline, width, height, exact, cell);
    if (plan.cost < best.cost) best = std::move(plan);
  }
  return best;
}

struct PeakRange {
  const SplinePeak* first;
  std::ptrdiff_t count;
};

// Those that may reach rows from top to bottom.
PeakRange peaks_near(const Plan& plan, std::ptrdiff_t top, std::ptrdiff_t bottom) {
  const auto before = [](const SplinePeak& peak, std::ptrdiff_t y) { return peak.y < y; };
  const auto first =
      std::lower_bound(plan.peaks.begin(), plan.peaks.end(), top - plan.reach - 1, before);
  const auto last = std::lower_bound(first, plan.peaks.end(), bottom + plan.reach + 1, before);
  return {plan.peaks.data() + (first - plan.peaks.begin()), last - first};
}

std::ptrdiff_t filled_up(std::ptrdiff_t n) { return (n + kRowLanes - 1) / kRowLanes * kRowLanes; }

// The smooth part of the map: rows of nodes, a value a pixel column.
class Grid {
 public:
  Grid(const TpsKernels& kernels, const ThinPlateSpline& spline, const Plan& plan,
       std::ptrdiff_t width, std::ptrdiff_t height, int threads) {
    const SplineArrays<double> doubles(spline);
    const SplineArrays<float> floats(spline);
    const int cell = plan.cell;
    const std::ptrdiff_t cells = (filled_up(width) + cell - 1) / cell;
    const std::ptrdiff_t rows = (height + cell - 1) / cell + kNodesAround;
    const std::ptrdiff_t stride = cells * cell + kRowLanes;  // no power of two: cache sets
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
          kernels.displace_row_f32(floats.view, x, cell, y, filled_up(n), dx, dy);
        }
        kernels.add_peaks_f32(near.first, near.count, x, cell,
                              static_cast<std::int32_t>(n), y, 1, -1.0f, dx, dy);
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
  warp_rows(kernels, image, out, plan.cell, threads_for(threads, pixels * 3 + plan.cost),
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
