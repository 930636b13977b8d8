// Bins of points round a point, and the sums that compare two histograms. Each lane is a point or a
// column with sums of its own, so that the width of a vector changes no result.
#include <math.h>

#include "kernels/shape_context_kernels.h"

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

void eliminate(double* const* rows, std::ptrdiff_t count, std::ptrdiff_t n) {
  const double* __restrict pivot = rows[0];
  for (std::ptrdiff_t k = 1; k < count; ++k) {
    double* __restrict row = rows[k];
    const double factor = row[0] / pivot[0];
    for (std::ptrdiff_t i = 0; i < n; ++i) row[i] -= factor * pivot[i];
  }
}

// out += a b / (a + b) + c d / (c + d) as one fraction: divisions are what takes time.
void add_two(float a, const float* __restrict b, float c, const float* __restrict d,
             std::ptrdiff_t n, float* __restrict out) {
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    const float u = a + b[j], v = c + d[j];
    out[j] += (a * b[j] * v + c * d[j] * u) / (u * v);
  }
}

void harmonic_row(const float* a, const std::int32_t* places, std::ptrdiff_t count,
                  const float* columns, std::ptrdiff_t stride, std::ptrdiff_t n, float* out) {
  const std::ptrdiff_t whole = n / kGroup * kGroup;  // which the compiler then knows
  for (std::ptrdiff_t k = 0; k + 1 < count; k += 2) {
    add_two(a[k], columns + places[k] * stride, a[k + 1], columns + places[k + 1] * stride, whole,
            out);
  }
  if (count % 2 == 0) return;
  const float last = a[count - 1];
  const float* const column = columns + places[count - 1] * stride;
  for (std::ptrdiff_t j = 0; j < whole; ++j) out[j] += last * column[j] / (last + column[j]);
}

}  // namespace

extern const ShapeContextKernels shape_context_kernels;
const ShapeContextKernels shape_context_kernels = {distances, bins, eliminate, harmonic_row};

}  // namespace cvfast::CVFAST_ISA
