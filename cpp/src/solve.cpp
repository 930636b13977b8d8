// Small dense systems, such as those of splines: the same bytes on every machine.
#include <algorithm>
#include <cmath>
#include <vector>

#include "check.h"
#include "cvfast/shape_context.h"
#include "kernels/shape_context_kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

// The row at or below `column` whose entry there is largest.
ptrdiff_t pivot_row(const std::vector<double*>& rows, ptrdiff_t column) {
  const auto at = static_cast<std::size_t>(column);
  std::size_t best = at;
  for (std::size_t i = at + 1; i < rows.size(); ++i) {
    if (std::abs(rows[i][column]) > std::abs(rows[best][column])) best = i;
  }
  return static_cast<ptrdiff_t>(best);
}

[[noreturn]] void reject_singular() {
  throw std::invalid_argument("matrix: expected one that can be inverted, got a singular one");
}

}  // namespace

void solve(double* matrix, double* right, ptrdiff_t n, ptrdiff_t columns) {
  check_finite("matrix", matrix, n, n);
  check_finite("right", right, n, columns);
  const ShapeContextKernels& kernels = CVFAST_PICK(shape_context_kernels);
  std::vector<double*> rows, sides;  // exchanged instead of their numbers
  double largest = 0;
  for (ptrdiff_t i = 0; i < n; ++i) {
    rows.push_back(matrix + i * n);
    sides.push_back(right + i * columns);
    for (ptrdiff_t j = 0; j < n; ++j) largest = std::max(largest, std::abs(rows.back()[j]));
  }
  constexpr double kSingular = 1e-14;  // of the largest entry
  for (ptrdiff_t k = 0; k < n; ++k) {
    const auto at = static_cast<std::size_t>(k), best = static_cast<std::size_t>(pivot_row(rows, k));
    std::swap(rows[at], rows[best]);
    std::swap(sides[at], sides[best]);
    const double* const pivot = rows[at];
    if (!(std::abs(pivot[k]) > kSingular * largest)) reject_singular();
    for (std::size_t i = at + 1; i < rows.size(); ++i) {
      const double factor = rows[i][k] / pivot[k];
      if (factor == 0) continue;
      kernels.subtract_row(pivot + k, factor, n - k, rows[i] + k);
      kernels.subtract_row(sides[at], factor, columns, sides[i]);
    }
  }
  std::vector<double> solved(static_cast<std::size_t>(n * columns));
  for (ptrdiff_t k = n - 1; k >= 0; --k) {
    const auto at = static_cast<std::size_t>(k);
    for (ptrdiff_t c = 0; c < columns; ++c) {
      double sum = sides[at][c];
      for (ptrdiff_t j = k + 1; j < n; ++j) {
        sum -= rows[at][j] * solved[static_cast<std::size_t>(j * columns + c)];
      }
      solved[static_cast<std::size_t>(k * columns + c)] = sum / rows[at][k];
    }
  }
  for (ptrdiff_t i = 0; i < n * columns; ++i) {
    const double value = solved[static_cast<std::size_t>(i)];
    if (!std::isfinite(value)) reject_singular();
    right[i] = value;
  }
}

}  // namespace cvfast
