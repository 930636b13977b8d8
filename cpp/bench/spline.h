// A thin-plate spline through points: the package fits it in NumPy, so the core cannot.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

#include "cvfast/tps.h"

namespace bench {

// Solves matrix * solution = right for two right sides, by elimination with the largest pivot.
inline void solve(std::vector<std::vector<double>>& rows) {
  const std::size_t n = rows.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i) {
      if (std::abs(rows[i][k]) > std::abs(rows[pivot][k])) pivot = i;
    }
    std::swap(rows[k], rows[pivot]);
    if (rows[k][k] == 0) throw std::runtime_error("the control points are all on one line");
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = rows[i][k] / rows[k][k];
      for (std::size_t j = k; j < n + 2; ++j) rows[i][j] -= factor * rows[k][j];
    }
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = n; j < n + 2; ++j) rows[k][j] /= rows[k][k];
  }
}

struct FittedSpline {
  std::vector<double> centers, coefficients;  // coefficients: the weights, then the affine part
  double origin[2] = {}, scale = 0;

  // Maps `from` to `to`, `count` points x, y each.
  FittedSpline(const double* from, const double* to, std::ptrdiff_t count) {
    const auto n = static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < 2 * n; ++i) origin[i % 2] += from[i] / static_cast<double>(n);
    double reach = 0;
    for (std::size_t i = 0; i < 2 * n; ++i) {
      reach = std::max(reach, std::abs(from[i] - origin[i % 2]));
    }
    scale = 1 / reach;
    for (std::size_t i = 0; i < 2 * n; ++i) centers.push_back((from[i] - origin[i % 2]) * scale);
    std::vector<std::vector<double>> rows(n + 3, std::vector<double>(n + 5));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const double dx = centers[2 * i] - centers[2 * j];
        const double dy = centers[2 * i + 1] - centers[2 * j + 1], r2 = dx * dx + dy * dy;
        rows[i][j] = r2 > 0 ? 0.5 * r2 * std::log(r2) : 0;
      }
      const double affine[3] = {1, centers[2 * i], centers[2 * i + 1]};
      for (std::size_t k = 0; k < 3; ++k) rows[i][n + k] = rows[n + k][i] = affine[k];
      for (std::size_t k = 0; k < 2; ++k) rows[i][n + 3 + k] = to[2 * i + k] - from[2 * i + k];
    }
    solve(rows);
    for (const auto& row : rows) coefficients.insert(coefficients.end(), row.end() - 2, row.end());
  }

  cvfast::ThinPlateSpline view() const {
    const auto count = static_cast<std::ptrdiff_t>(centers.size() / 2);
    return {centers.data(), coefficients.data(),    coefficients.data() + 2 * count,
            count,          {origin[0], origin[1]}, scale};
  }
};

}  // namespace bench
