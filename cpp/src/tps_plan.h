// How the map of a thin-plate spline is made fast.
//
// The sum of w r^2 log r over the control points is smooth except at the points. Split each term at
// a radius R round its point: outside, and inside as the polynomial in r^2 that continues it
// smoothly, it is interpolated between nodes of a grid, six each way; what is left inside, the
// point's peak, is added at every pixel. Radii follow from the weights, the cell from the cost.
//
// Tried and lost: no peaks but the difference between each point's term and its interpolation, in a
// square round it (cubic, 9 cells: 1.6 ms where this takes 0.6; 0.1 px off where this is 0.02);
// four nodes (7 times the error at R = 4 cells); the Taylor polynomial for narrow peaks too (twice
// the error at R = 2 to 3 cells); one radius for all points; a fixed cell of 8 px (twice the nodes'
// time at 1080p); nodes in double always (0.38 ms against 0.13 at 512x384).
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "cvfast/tps.h"
#include "kernels/kernels.h"

namespace cvfast {

constexpr double kFloatError = 6e-8;  // relative, of a rounding
// Pixels by which the map may be off for each control point, from interpolating: more where the map
// is rough. Where points are close, their errors come to up to four times that.
constexpr double kTolerance = 0.004, kRoughTolerance = 0.01, kExactTolerance = 0.001;
constexpr double kRoughShare = 1.3;  // px of tolerance a weight for r in pixels
// From roundings: of peaks, and of nodes in float.
constexpr double kPeakTolerance = 0.005, kNodeTolerance = 0.03;
constexpr double kBareError = 0.38;  // of interpolating r^2 log r itself, in cells

struct Plan {
  int cell = 0;                   // 0: every pixel by itself, in double
  std::vector<SplinePeak> peaks;  // by y
  std::ptrdiff_t reach = 0;       // of the widest, in pixels
  bool double_nodes = true;
  double cost = 1e300;  // nanoseconds
};

// The peak of a control point at x, y with a weight for r in pixels. Interpolating the rest errs by
// at most 0.3 / radius^3 of the weight, radius and weight in cells: measured from 1 to 16 cells.
inline SplinePeak peak_at(double x, double y, const double* weight, double radius, int cell) {
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

inline double tolerance_for(const ThinPlateSpline& spline, bool exact) {
  if (exact) return kExactTolerance;
  double most = 0;
  for (std::ptrdiff_t i = 0; i < 2 * spline.count; ++i) {
    most = std::max(most, std::abs(spline.weights[i]));
  }
  return std::min(kTolerance + kRoughShare * most * spline.scale * spline.scale, kRoughTolerance);
}

inline Plan plan_cells(const ThinPlateSpline& spline, std::ptrdiff_t width, std::ptrdiff_t height,
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

inline Plan plan_map(const ThinPlateSpline& spline, std::ptrdiff_t width, std::ptrdiff_t height,
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
inline PeakRange peaks_near(const Plan& plan, std::ptrdiff_t top, std::ptrdiff_t bottom) {
  const auto before = [](const SplinePeak& peak, std::ptrdiff_t y) { return peak.y < y; };
  const auto first =
      std::lower_bound(plan.peaks.begin(), plan.peaks.end(), top - plan.reach - 1, before);
  const auto last = std::lower_bound(first, plan.peaks.end(), bottom + plan.reach + 1, before);
  return {plan.peaks.data() + (first - plan.peaks.begin()), last - first};
}

}  // namespace cvfast
