// Shape contexts: as kernels.h, for its files in this folder.
#pragma once

#include "kernels/kernels.h"

namespace cvfast {

// Bins in pixels: squares of the rings' ends, and the directions where sectors of a half turn end.
struct ShapeBins {
  const double* squares;
  const double *cosines, *sines;
  int radii, half_turn;  // rings; sectors of half a turn
};

struct ShapeContextKernels {
  // out[i] = distance of point i from (x, y)
  void (*distances)(const double* xs, const double* ys, std::ptrdiff_t n, double x, double y,
                    double* out);
  // out[i] = the bin of point i round (x, y); radii * 2 * half_turn beyond the outer ring
  void (*bins)(const ShapeBins& bins, const double* xs, const double* ys, std::ptrdiff_t n,
               double x, double y, std::int32_t* out);
  // Each of the rows below a pivot's, less so much of it that their first entry becomes 0. n: whole
  // groups of entries from the pivot's on; rows[0] is the pivot's.
  void (*eliminate)(double* const* rows, std::ptrdiff_t count, std::ptrdiff_t n);
  // out[j] += sum over `count` bins of a b / (a + b), where a > 0 and bin k of column j lies at
  // columns[places[k] * stride + j]; n in whole groups
  void (*harmonic_row)(const float* a, const std::int32_t* places, std::ptrdiff_t count,
                       const float* columns, std::ptrdiff_t stride, std::ptrdiff_t n, float* out);
};

}  // namespace cvfast
