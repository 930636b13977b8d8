// Sparse optical flow: points followed from one grey picture to the next (Lucas and Kanade, 1981,
// coarse to fine as Bouguet describes), with brightness that may change evenly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cvfast/image_view.h"

namespace cvfast {

// A picture halved again and again (means of 2 x 2 pixels), each level with its border continued.
// Level l of the pyramid is the picture halved finest + l times; level 0 is where points end up.
class FlowPyramid {
 public:
  // finest in [0, 8], levels in [1, 8]; a level of less than a few pixels is left out, but never
  // the first. Throws std::invalid_argument for an empty picture, std::bad_alloc without memory.
  FlowPyramid(ImageView<const std::uint8_t> image, int finest, int levels);

  struct Level {
    const std::uint8_t* data;  // first pixel of the picture; kFlowPad more on each side
    std::ptrdiff_t width, height, stride;
  };

  std::ptrdiff_t width() const { return width_; }
  std::ptrdiff_t height() const { return height_; }
  int finest() const { return finest_; }
  const std::vector<Level>& levels() const { return levels_; }

 private:
  std::ptrdiff_t width_, height_;  // of the picture as given
  int finest_;
  std::vector<std::uint8_t> memory_;
  std::vector<Level> levels_;
};

struct FlowResult {
  double* points;  // count pairs x, y in the current picture; where lost, the guess
  float* errors;   // RMS difference of the windows, in levels, brightness taken out; lost: infinity
  float* trips;    // px from the point to where the way back from its match ends; lost: infinity
};

// Follows `count` points (x, y pairs, in pixels of the pictures as given) from near `guesses` (of
// the same shape; null: the points). iterations per level, 0 to 100: with 0 the points stay at the
// guesses and only the errors are measured (trips 0). A point is lost where it lies outside a
// picture or in a window without texture. threads 0: num_threads().
// Throws std::invalid_argument for points that are not finite and pyramids that do not match.
void track_points(const FlowPyramid& previous, const FlowPyramid& current, const double* points,
                  const double* guesses, std::ptrdiff_t count, int iterations,
                  const FlowResult& result, int threads);

}  // namespace cvfast
