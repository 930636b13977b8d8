// Thin-plate splines: the sum of w r^2 log r over the control points, exactly and on a grid.
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

constexpr float kTiny = 1e-30f;  // added to squares: 0 log 0 would not be 0

// r2 log2(r2) for 2^-126 <= r2 < 2^127, absolute error of the logarithm under 1e-7. The mantissa is
// brought to [0.75, 1.5); the polynomial is a Chebyshev fit of log2(1 + t) / t.
inline float u_f32(float r2) {
  std::int32_t bits;
  memcpy(&bits, &r2, sizeof bits);
  const std::int32_t exponent = (bits - 0x3f400000) >> 23;
  const std::int32_t reduced = bits - exponent * (1 << 23);
  float m;
  memcpy(&m, &reduced, sizeof m);
  const float t = m - 1.0f;
  // Not as one chain of Horner's: that waits for itself (nodes took 1.1 times as long).
  const float t2 = t * t;
  const float low = (1.44269503f + -0.721348472f * t) + (0.480902231f + -0.360576574f * t) * t2;
  const float high = (0.288186326f + -0.242701903f * t) +
                     ((0.216358558f + -0.174443775f * t) + 0.0782798039f * t2) * t2;
  return r2 * (static_cast<float>(exponent) + (low + high * (t2 * t2)) * t);
}

// The same in double, to a few ulp: log m as 2 artanh((m - 1) / (m + 1)), m in [0.75, 1.5).
inline double u_f64(double r2) {
  std::int64_t bits;
  const double safe = r2 > 1e-300 ? r2 : 1e-300;
  memcpy(&bits, &safe, sizeof bits);
  const std::int64_t exponent_bits =
      (bits - 0x3fe8000000000000) & static_cast<std::int64_t>(0xfff0000000000000);
  const std::int64_t reduced = bits - exponent_bits;
  // The exponent as a double without an integer conversion that AVX2 lacks: 2^52 + 2^51 + e.
  const std::int64_t shifted = (exponent_bits >> 32) + 0x4338000000000000;
  double m, e;
  memcpy(&m, &reduced, sizeof m);
  memcpy(&e, &shifted, sizeof e);
  const double exponent = (e - 6755399441055744.0) * 9.5367431640625e-07;  // was 2^20 too large
  const double s = (m - 1.0) / (m + 1.0);
  const double s2 = s * s;
  const double s4 = s2 * s2, s8 = s4 * s4;
  const double p0 = (1.0 + 1.0 / 3 * s2) + (1.0 / 5 + 1.0 / 7 * s2) * s4;
  const double p8 = (1.0 / 9 + 1.0 / 11 * s2) + (1.0 / 13 + 1.0 / 15 * s2) * s4;
  const double p16 = (1.0 / 17 + 1.0 / 19 * s2) + 1.0 / 21 * s4;
  return r2 * (exponent + 2.885390081777926815 * (s * (p0 + (p8 + p16 * s8) * s8)));
}

// n <= kBlock points in pixels to displacements.
void displace_f64(const Spline<double>& spline, const double* x, const double* y, std::ptrdiff_t n,
                  double* __restrict dx, double* __restrict dy) {
  double px[kBlock], py[kBlock];
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    px[i] = (x[i] - spline.origin_x) * spline.scale;
    py[i] = (y[i] - spline.origin_y) * spline.scale;
    dx[i] = spline.affine[0] + spline.affine[2] * px[i] + spline.affine[4] * py[i];
    dy[i] = spline.affine[1] + spline.affine[3] * px[i] + spline.affine[5] * py[i];
  }
  for (std::ptrdiff_t c = 0; c < spline.count; ++c) {
    const double cx = spline.x[c], cy = spline.y[c], wx = spline.wx[c], wy = spline.wy[c];
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      const double a = px[i] - cx, b = py[i] - cy;
      const double u = u_f64(a * a + b * b);
      dx[i] += wx * u;
      dy[i] += wy * u;
    }
  }
}

void displace_row_f32(const Spline<float>& spline, std::int32_t x, std::int32_t step,
                      std::int32_t y, std::ptrdiff_t n, float* __restrict dx,
                      float* __restrict dy) {
  float px[kBlock];
  const float py = (static_cast<float>(y) - spline.origin_y) * spline.scale;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const std::int32_t column = x + static_cast<std::int32_t>(i) * step;
    px[i] = (static_cast<float>(column) - spline.origin_x) * spline.scale;
    dx[i] = spline.affine[0] + spline.affine[2] * px[i] + spline.affine[4] * py;
    dy[i] = spline.affine[1] + spline.affine[3] * px[i] + spline.affine[5] * py;
  }
  constexpr std::ptrdiff_t most = 64;
  for (std::ptrdiff_t from = 0; from < spline.count; from += most) {
    const std::ptrdiff_t count = spline.count - from < most ? spline.count - from : most;
    const float *x_of = spline.x + from, *y_of = spline.y + from;
    const float *wx = spline.wx + from, *wy = spline.wy + from;
    float b2[most];
    for (std::ptrdiff_t c = 0; c < count; ++c) b2[c] = (py - y_of[c]) * (py - y_of[c]) + kTiny;
    for (std::ptrdiff_t first = 0; first < n; first += kGroup) {
      for (std::ptrdiff_t c = 0; c < count; ++c) {
        for (std::ptrdiff_t i = 0; i < kGroup; ++i) {
          const float a = px[first + i] - x_of[c];
          const float u = u_f32(a * a + b2[c]);
          dx[first + i] += wx[c] * u;
          dy[first + i] += wy[c] * u;
        }
      }
    }
  }
}

void add_peaks_f32(const SplinePeak* peaks, std::ptrdiff_t count, std::int32_t x, std::int32_t step,
                   std::int32_t n, std::int32_t y, std::int32_t rows, float sign,
                   float* __restrict dx, float* __restrict dy) {
  const auto a_step = static_cast<float>(step);
  const float steps = 1.0f / a_step;  // exact: a power of two
  const auto last_row = static_cast<float>(rows - 1), points = static_cast<float>(n);
  for (std::ptrdiff_t k = 0; k < count; ++k) {
    const SplinePeak peak = peaks[k];
    const float top = static_cast<float>(y - peak.y) - peak.shift_y, bottom = top + last_row;
    const float nearest = top > 0 ? top : bottom < 0 ? bottom : 0;
    const float half2 = peak.radius2 - nearest * nearest;
    if (!(half2 > 0)) continue;
    const float half = sqrtf(half2);
    const float start = static_cast<float>(x - peak.x) - peak.shift_x;
    const float left = (-half - start) * steps, right = (half - start) * steps;
    if (!(right >= 0 && left < points)) continue;
    const std::int32_t from = left > 0 ? static_cast<std::int32_t>(left) : 0;
    const std::int32_t end = right < points ? static_cast<std::int32_t>(right) + 1 : n;
    const float inverse = peak.inverse_radius2, c2 = peak.c2, c3 = peak.c3, c4 = peak.c4;
    const float wx = sign * peak.wx, wy = sign * peak.wy;
    for (std::int32_t row = 0; row < rows; ++row) {
      const float b = top + static_cast<float>(row);
      if (b * b >= peak.radius2) continue;
      const float b2 = b * b + kTiny;
      float* __restrict row_x = dx + row * kPadded;
      float* __restrict row_y = dy + row * kPadded;
      for (std::int32_t first = from; first < end; first += kGroup) {
        for (std::int32_t i = 0; i < kGroup; ++i) {
          const float a = start + a_step * static_cast<float>(first + i);
          const float r2 = (a * a + b2) * inverse;
          const float q = r2 < 1.0f ? r2 : 1.0f;
          const float s = q - 1.0f;
          const float value = 0.693147181f * u_f32(q) - s * (1.0f + s * (c2 + s * (c3 + s * c4)));
          row_x[first + i] += wx * value;
          row_y[first + i] += wy * value;
        }
      }
    }
  }
}

// Lagrange weights for the nodes -2 to 3 at the phases of the widest cell.
constexpr float phase_weight(int node, int phase) {
  const double t = static_cast<double>(phase) / kMostCell;
  double weight = 1;
  for (int other = -2; other <= 3; ++other) {
    if (other != node) weight *= (t - other) / (node - other);
  }
  return static_cast<float>(weight);
}

struct PhaseWeights {
  float of[6][kMostCell];
};

constexpr PhaseWeights phase_weights(int cell) {
  PhaseWeights weights = {};
  for (int node = 0; node < 6; ++node) {
    for (int phase = 0; phase < cell; ++phase) {
      weights.of[node][phase] = phase_weight(node - 2, phase * (kMostCell / cell));
    }
  }
  return weights;
}

template <int Cell>
void expand_row(const float* nodes, std::ptrdiff_t cells, float* __restrict out) {
  constexpr PhaseWeights w = phase_weights(Cell);
  for (std::ptrdiff_t i = 0; i < cells; ++i) {
    const float a = nodes[i], b = nodes[i + 1], c = nodes[i + 2], d = nodes[i + 3],
                e = nodes[i + 4], f = nodes[i + 5];
    for (int p = 0; p < Cell; ++p) {
      out[i * Cell + p] = (w.of[0][p] * a + w.of[1][p] * b) + (w.of[2][p] * c + w.of[3][p] * d) +
                          (w.of[4][p] * e + w.of[5][p] * f);
    }
  }
}

void expand_row_f32(const float* nodes, std::ptrdiff_t cells, int cell, float* out) {
  switch (cell) {
    case 4: expand_row<4>(nodes, cells, out); break;
    case 8: expand_row<8>(nodes, cells, out); break;
    case 16: expand_row<16>(nodes, cells, out); break;
    default: expand_row<32>(nodes, cells, out); break;
  }
}

// out = origin (+ i, along a row) + the node rows' interpolated values.
template <bool Along>
inline void interpolate(const float* nodes, std::ptrdiff_t stride, std::ptrdiff_t phase,
                        std::ptrdiff_t n, std::ptrdiff_t origin, float* __restrict out) {
  constexpr PhaseWeights w = phase_weights(kMostCell);
  const float w0 = w.of[0][phase], w1 = w.of[1][phase], w2 = w.of[2][phase], w3 = w.of[3][phase],
              w4 = w.of[4][phase], w5 = w.of[5][phase];
  const float *r0 = nodes, *r1 = r0 + stride, *r2 = r1 + stride, *r3 = r2 + stride,
              *r4 = r3 + stride, *r5 = r4 + stride;
  const auto first = static_cast<std::int32_t>(origin);
  for (std::int32_t from = 0; from < n; from += kGroup) {
    for (std::int32_t k = 0; k < kGroup; ++k) {
      const std::int32_t i = from + k;
      const float moved =
          (w0 * r0[i] + w1 * r1[i]) + (w2 * r2[i] + w3 * r3[i]) + (w4 * r4[i] + w5 * r5[i]);
      out[i] = static_cast<float>(Along ? first + i : first) + moved;
    }
  }
}

void grid_rows_f32(const SplineGrid& grid, std::ptrdiff_t x, std::ptrdiff_t n, std::ptrdiff_t y,
                   std::ptrdiff_t rows, float* sx, float* sy) {
  const std::ptrdiff_t at = y / grid.cell * grid.row_stride + x;
  for (std::ptrdiff_t row = 0; row < rows; ++row) {
    const std::ptrdiff_t phase = (y + row) % grid.cell * (kMostCell / grid.cell);
    interpolate<true>(grid.dx + at, grid.row_stride, phase, n, x, sx + row * kPadded);
    interpolate<false>(grid.dy + at, grid.row_stride, phase, n, y + row, sy + row * kPadded);
  }
}

}  // namespace

extern const TpsKernels tps_kernels;
const TpsKernels tps_kernels = {displace_f64,  displace_row_f32, add_peaks_f32, expand_row_f32,
                                grid_rows_f32, sample_u8,        sample_f32};

}  // namespace cvfast::CVFAST_ISA
