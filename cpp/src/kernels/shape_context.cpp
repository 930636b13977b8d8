// Bins of points round a point, and the sums that compare two histograms. Each lane is a point or a
// column with sums of its own, so that the width of a vector changes no result.
#include "kernels/shape_context_kernels.h"

#include <math.h>

namespace cvfast::CVFAST_ISA {

namespace {

void distances(const double* __restrict xs, const double* __restrict ys, std::ptrdiff_t n, double x,
               double y, double* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double dx = xs[i] - x, dy = ys[i] - y;
    out[i] = sqrt(dx * dx + dy * dy);
  }
}

// Without arctangent or logarithm: how many rings end within the distance, and how many sectors
// begin before the direction, turned into the half turn where y grows.
void bins(const ShapeBins& all, const double* __restrict xs, const double* __restrict ys,
          std::ptrdiff_t n, double x, double y, std::int32_t* __restrict out) {
  double ring[kBlock], sector[kBlock], down[kBlock], along[kBlock];
  for (std::ptrdiff_t first = 0; first < n; first += kBlock) {
    const std::ptrdiff_t m = n - first < kBlock ? n - first : kBlock;
    const double *px = xs + first, *py = ys + first;
    const double half = all.half_turn, width = 2.0 * half;
    for (std::ptrdiff_t i = 0; i < m; ++i) {
      const double dx = px[i] - x, dy = py[i] - y;
      const bool back = (dy < 0.0) | ((dy == 0.0) & (dx < 0.0));
      along[i] = back ? -dx : dx;
      down[i] = back ? -dy : dy;
      sector[i] = back ? half : 0.0;
      ring[i] = 0.0;
    }
    for (int h = 1; h < all.half_turn; ++h) {
      const double c = all.cosines[h], s = all.sines[h];
      for (std::ptrdiff_t i = 0; i < m; ++i) {
        sector[i] += c * down[i] - s * along[i] >= 0.0 ? 1.0 : 0.0;
      }
    }
    for (int r = 0; r < all.radii; ++r) {
      const double end = all.squares[r];
      for (std::ptrdiff_t i = 0; i < m; ++i) {
        ring[i] += along[i] * along[i] + down[i] * down[i] >= end ? 1.0 : 0.0;
      }
    }
    const double radii = all.radii;
    for (std::ptrdiff_t i = 0; i < m; ++i) {
      const double bin = ring[i] * width + (ring[i] < radii ? sector[i] : 0.0);
      out[first + i] = static_cast<std::int32_t>(bin);
    }
  }
}

void subtract_row(const double* __restrict other, double factor, std::ptrdiff_t n,
                  double* __restrict row) {
  for (std::ptrdiff_t i = 0; i < n; ++i) row[i] -= factor * other[i];
}

void harmonic_row(const float* __restrict a, const std::int32_t* __restrict places,
                  std::ptrdiff_t count, const float* __restrict columns, std::ptrdiff_t stride,
                  std::ptrdiff_t n, float* __restrict out) {
  // A group of columns at a time, whose sums stay in registers.
  for (std::ptrdiff_t first = 0; first < n; first += kGroup) {
    float sums[kGroup] = {};
    for (std::ptrdiff_t k = 0; k < count; ++k) {
      const float share = a[k];
      const float* __restrict column = columns + places[k] * stride + first;
      for (std::ptrdiff_t j = 0; j < kGroup; ++j) {
        sums[j] += share * column[j] / (share + column[j]);
      }
    }
    for (std::ptrdiff_t j = 0; j < kGroup; ++j) out[first + j] += sums[j];
  }
}

}  // namespace

extern const ShapeContextKernels shape_context_kernels;
const ShapeContextKernels shape_context_kernels = {distances, bins, subtract_row, harmonic_row};

}  // namespace cvfast::CVFAST_ISA
