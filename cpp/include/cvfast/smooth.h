// Edge-preserving smoothing of a plane: a self-guided filter (He, Sun, Tang: Guided Image
// Filtering, 2013) on cells of several samples, weighted by a soft mask.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cvfast/image_view.h"

namespace cvfast {

struct Smoothing {
  std::ptrdiff_t cell_x, cell_y;  // samples a cell, 1 to 256
  std::ptrdiff_t radius;          // of the windows, in cells, 1 to 64
  double epsilon;                 // variance (of cells) that is half kept, over 0
  double strength;                // in [0, 1]
  double texture;                 // share of what is finer than a cell that stays, in [0, 1]
};

// Smooths a plane of one channel in place. `weights` has one number in [0, 1] a cell, row by row
// (the last cell of a row or column may be cut off by the plane's edge): how much the cell counts
// in its neighbours' means and how far it is smoothed itself. Samples all of whose neighbouring
// cells weigh 0 keep their bytes. threads 0: num_threads(). Throws std::invalid_argument for values
// out of range, before it writes; std::bad_alloc without memory.
void smooth(ImageView<std::uint8_t> plane, const float* weights, const Smoothing& smoothing,
            int threads);
void smooth(ImageView<float> plane, const float* weights, const Smoothing& smoothing, int threads);

// Writes the mean of each cell, row by row: the numbers that `smooth` works on.
void cell_means(ImageView<const std::uint8_t> plane, std::ptrdiff_t cell_x, std::ptrdiff_t cell_y,
                float* out);
void cell_means(ImageView<const float> plane, std::ptrdiff_t cell_x, std::ptrdiff_t cell_y,
                float* out);

}  // namespace cvfast
