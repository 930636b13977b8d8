// Thin-plate splines: the sum of w r^2 log r over the control points, exactly and on a grid.
#include <string.h>

#include "kernels/kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

// r2 log2(r2) for 0 <= r2 < 2^127, absolute error of the logarithm under 1e-7; 0 at 0. The mantissa
// is brought to [0.75, 1.5); the polynomial is a Chebyshev fit of log2(1 + t) / t.
inline float u_f32(float r2) {
  std::int32_t bits;
  const float safe = r2 > 1e-30f ? r2 : 1e-30f;
  memcpy(&bits, &safe, sizeof bits);
  const std::int32_t exponent = (bits - 0x3f400000) >> 23;
  const std::int32_t reduced = bits - exponent * (1 << 23);
  float m;
  memcpy(&m, &reduced, sizeof m);
  const float t = m - 1.0f;
  float p = 0.0782798039f;
  p = p * t + -0.174443775f;
  p = p * t + 0.216358558f;
  p = p * t + -0.242701903f;
  p = p * t + 0.288186326f;
  p = p * t + -0.360576574f;
  p = p * t + 0.480902231f;
  p = p * t + -0.721348472f;
  p = p * t + 1.44269503f;
  return r2 * (static_cast<float>(exponent) + p * t);
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
  double p = 1.0 / 21;
  p = p * s2 + 1.0 / 19;
  p = p * s2 + 1.0 / 17;
  p = p * s2 + 1.0 / 15;
  p = p * s2 + 1.0 / 13;
  p = p * s2 + 1.0 / 11;
  p = p * s2 + 1.0 / 9;
  p = p * s2 + 1.0 / 7;
  p = p * s2 + 1.0 / 5;
  p = p * s2 + 1.0 / 3;
  p = p * s2 + 1.0;
  return r2 * (exponent + 2.885390081777926815 * (s * p));
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

// A run of n <= kBlock pixels of row y, from column x on, to positions in the source.
void exact_row_f32(const Spline<float>& spline, std::ptrdiff_t x, std::ptrdiff_t y,
                   std::ptrdiff_t n, float* __restrict sx, float* __restrict sy) {
  float px[kBlock];
  const auto first = static_cast<float>(static_cast<std::int32_t>(x));
  const auto row = static_cast<float>(static_cast<std::int32_t>(y));
  const float py = (row - spline.origin_y) * spline.scale;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float column = first + static_cast<float>(static_cast<std::int32_t>(i));
    px[i] = (column - spline.origin_x) * spline.scale;
    sx[i] = column + (spline.affine[0] + spline.affine[2] * px[i] + spline.affine[4] * py);
    sy[i] = row + (spline.affine[1] + spline.affine[3] * px[i] + spline.affine[5] * py);
  }
  for (std::ptrdiff_t c = 0; c < spline.count; ++c) {
    const float cx = spline.x[c], wx = spline.wx[c], wy = spline.wy[c];
    const float b2 = (py - spline.y[c]) * (py - spline.y[c]);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      const float a = px[i] - cx;
      const float u = u_f32(a * a + b2);
      sx[i] += wx * u;
      sy[i] += wy * u;
    }
  }
}

// Cubic Lagrange weights at eight phases of a cell, for the nodes -1, 0, 1, 2.
constexpr float phase_weight(int phase, int node) {
  const float t = static_cast<float>(phase) / kMostCell;
  return node == 0   ? -t * (t - 1) * (t - 2) / 6
         : node == 1 ? (t + 1) * (t - 1) * (t - 2) / 2
         : node == 2 ? -(t + 1) * t * (t - 2) / 2
                     : (t + 1) * t * (t - 1) / 6;
}

#define CVFAST_PHASES(node)                                                                    \
  {phase_weight(0, node), phase_weight(1, node), phase_weight(2, node), phase_weight(3, node), \
   phase_weight(4, node), phase_weight(5, node), phase_weight(6, node), phase_weight(7, node)}
constexpr float kPhases[4][kMostCell] = {CVFAST_PHASES(0), CVFAST_PHASES(1), CVFAST_PHASES(2),
                                         CVFAST_PHASES(3)};
#undef CVFAST_PHASES

// Four node rows to one, then every cell's pixels from its four nodes. column: scratch.
template <int Cell>
inline void interpolate_cells(const float* nodes, std::ptrdiff_t stride, int phase,
                              std::ptrdiff_t cells, float* __restrict column,
                              float* __restrict out) {
  constexpr int step = kMostCell / Cell;
  const float w0 = kPhases[0][phase * step], w1 = kPhases[1][phase * step],
              w2 = kPhases[2][phase * step], w3 = kPhases[3][phase * step];
  const float* n0 = nodes;
  const float* n1 = nodes + stride;
  const float* n2 = nodes + 2 * stride;
  const float* n3 = nodes + 3 * stride;
  for (std::ptrdiff_t i = 0; i < cells + 3; ++i) {
    column[i] = (w0 * n0[i] + w1 * n1[i]) + (w2 * n2[i] + w3 * n3[i]);
  }
  for (std::ptrdiff_t i = 0; i < cells; ++i) {
    const float a = column[i], b = column[i + 1], c = column[i + 2], d = column[i + 3];
    for (int p = 0; p < Cell; ++p) {
      const int k = p * step;
      out[i * Cell + p] =
          (kPhases[0][k] * a + kPhases[1][k] * b) + (kPhases[2][k] * c + kPhases[3][k] * d);
    }
  }
}

// A run of n <= kBlock pixels of row y, from column x (a multiple of Cell) on, through the grid.
template <int Cell>
void grid_row(const SplineGrid& grid, std::ptrdiff_t x, std::ptrdiff_t y, std::ptrdiff_t n,
              float* __restrict sx, float* __restrict sy) {
  constexpr int kPatch = kPatchCells * Cell;
  float column[kBlock / Cell + 4], dx[kBlock + Cell], dy[kBlock + Cell];
  const std::ptrdiff_t cells = (n + Cell - 1) / Cell;
  const std::ptrdiff_t at = (y / Cell) * grid.columns + x / Cell;
  const int phase = static_cast<int>(y % Cell);
  interpolate_cells<Cell>(grid.dx + at, grid.columns, phase, cells, column, dx);
  interpolate_cells<Cell>(grid.dy + at, grid.columns, phase, cells, column, dy);

  for (std::ptrdiff_t k = 0; k < grid.patch_count; ++k) {
    const SplinePatch& patch = grid.patches[k];
    const std::ptrdiff_t left = patch.x, top = patch.y;
    if (y < top || y >= top + kPatch || left >= x + n || left + kPatch <= x) continue;
    float between[kPatch], scratch[kPatchNodes];
    interpolate_cells<Cell>(patch.nodes + (y - top) / Cell * kPatchNodes, kPatchNodes, phase,
                            kPatchCells, scratch, between);
    const float b = static_cast<float>(static_cast<std::int32_t>(y - top)) - patch.center_y;
    const float b2 = b * b, center_x = patch.center_x;
    for (std::int32_t i = 0; i < kPatch; ++i) {
      const float a = static_cast<float>(i) - center_x;
      between[i] = u_f32(a * a + b2) - between[i];
    }
    const std::ptrdiff_t from = left > x ? 0 : x - left;
    const std::ptrdiff_t end = left + kPatch < x + n ? kPatch : x + n - left;
    const float wx = patch.wx, wy = patch.wy;
    const std::ptrdiff_t shift = left - x;
    for (std::ptrdiff_t i = from; i < end; ++i) {
      dx[shift + i] += wx * between[i];
      dy[shift + i] += wy * between[i];
    }
  }

  const auto first = static_cast<float>(static_cast<std::int32_t>(x));
  const auto row = static_cast<float>(static_cast<std::int32_t>(y));
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    sx[i] = first + static_cast<float>(static_cast<std::int32_t>(i)) + dx[i];
    sy[i] = row + dy[i];
  }
}

void grid_row_f32(const SplineGrid& grid, std::ptrdiff_t x, std::ptrdiff_t y, std::ptrdiff_t n,
                  float* sx, float* sy) {
  switch (grid.cell) {
    case 2: grid_row<2>(grid, x, y, n, sx, sy); break;
    case 4: grid_row<4>(grid, x, y, n, sx, sy); break;
    default: grid_row<8>(grid, x, y, n, sx, sy); break;
  }
}

// r^2 log2 r^2 at the nodes of a patch, in float like the pixels' own.
void patch_nodes_f32(SplinePatch& patch, int cell) {
  for (std::int32_t j = 0; j < kPatchNodes; ++j) {
    const float b = static_cast<float>((j - 1) * cell) - patch.center_y;
    for (std::int32_t i = 0; i < kPatchNodes; ++i) {
      const float a = static_cast<float>((i - 1) * cell) - patch.center_x;
      patch.nodes[j * kPatchNodes + i] = u_f32(a * a + b * b);
    }
  }
}

}  // namespace

extern const TpsKernels tps_kernels;
const TpsKernels tps_kernels = {displace_f64,    exact_row_f32, grid_row_f32,
                                patch_nodes_f32, sample_u8,     sample_f32};

}  // namespace cvfast::CVFAST_ISA
