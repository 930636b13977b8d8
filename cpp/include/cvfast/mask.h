// Polygons as soft masks.
#pragma once

#include <cstddef>

#include "cvfast/image_view.h"

namespace cvfast {

// Corners of all polygons one after the other as (x, y) pairs; polygon i has counts[i] of them.
struct Polygons {
  const double* points;
  const std::ptrdiff_t* counts;
  std::ptrdiff_t count;
};

// Writes to `out` (one channel) the share of each pixel that the union of the polygons covers, its
// edge blurred to be `feather` pixels wide (0 to 1024; up to 2, the pixel's own width stays).
// Pixels farther than that from any polygon are exactly 0. Throws std::invalid_argument for values
// out of range, before it writes; std::bad_alloc without memory.
void polygon_mask(const Polygons& polygons, double feather, ImageView<float> out);

}  // namespace cvfast
