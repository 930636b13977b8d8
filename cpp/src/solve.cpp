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
std::size_t pivot_row(const std::vector<double*>& rows, std::size_t column) {
  std::size_t best = column;
  double largest = std::abs(rows[column][column]);
  for (std::size_t i = column + 1; i < rows.size(); ++i) {
    const double size = std::abs(rows[i][column]);
    if (size <= largest) continue;
    best = i;
    largest = size;
  }
  return best;
}

[[noreturn]] void reject_singular() {
  throw std::invalid_argument("matrix: expected one that can be inverted, got a singular one");
}

}  // namespace

void solve(const double* matrix, double* right, ptrdiff_t n, ptrdiff_t columns) {
  check_finite("matrix", matrix, n, n);
  check_finite("right", right, n, columns);
  const ShapeContextKernels& kernels = CVFAST_PICK(shape_context_kernels);
  // Both sides as one, rows in whole groups; rows are exchanged as pointers.
  ptrdiff_t stride = (n + columns + kGroup + 7) / 8 * 8;
  if (stride % 32 == 0) stride += 8;  // else neighbouring rows share the cache's sets
  std::vector<double> memory(static_cast<std::size_t>(stride * n));
  std::vector<double*> rows;
  double largest = 0;
  for (ptrdiff_t i = 0; i < n; ++i) {
    double* const row = memory.data() + i * stride;
    rows.push_back(row);
    std::copy(matrix + i * n, matrix + (i + 1) * n, row);
    std::copy(right + i * columns, right + (i + 1) * columns, row + n);
    for (ptrdiff_t j = 0; j < n; ++j) largest = std::max(largest, std::abs(row[j]));
  }
  constexpr double kSingular = 1e-14;  // of the largest entry
  for (ptrdiff_t k = 0; k < n; ++k) {
    const auto at = static_cast<std::size_t>(k);
    std::swap(rows[at], rows[pivot_row(rows, at)]);
    if (!(std::abs(rows[at][k]) > kSingular * largest)) reject_singular();
    for (std::size_t i = at; i < rows.size(); ++i) rows[i] += k;
    kernels.eliminate(rows.data() + k, n - k, whole_groups(n + columns - k));
    for (std::size_t i = at; i < rows.size(); ++i) rows[i] -= k;
  }
  std::vector<double> solved(static_cast<std::size_t>(n * columns));
  for (ptrdiff_t k = n - 1; k >= 0; --k) {
    const auto at = static_cast<std::size_t>(k);
    for (ptrdiff_t c = 0; c < columns; ++c) {
      double sum = rows[at][n + c];
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
