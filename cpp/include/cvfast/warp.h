// Local warps after Gustafsson, Interactive Image Warping (1993), as inverse maps inside discs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cvfast/image_view.h"

namespace cvfast {

enum class LocalWarp { scale, translate, rotate };

// Discs as the caller gives them: centres (x, y) pairs, one radius each, and the parameter of the
// warp: a strength in (-3, 1), a target (x, y) nearer than (3 sqrt 3 / 8) R, or an angle in
// radians.
struct LocalWarps {
  LocalWarp kind;
  const double* centers;
  const double* radii;
  const double* parameters;
  std::ptrdiff_t count;
};

// Writes `image` with the pixels that lie in a disc warped to `out`, which is the same picture or
// shares no memory with it. The discs act as if applied one after the other in the given order,
// sampled once. Samples outside the image clamp to its edge. threads 0: num_threads(). Throws
// std::invalid_argument for values out of range, before it writes; std::bad_alloc without memory.
void local_warp(ImageView<const std::uint8_t> image, ImageView<std::uint8_t> out,
                const LocalWarps& warps, int threads);
void local_warp(ImageView<const float> image, ImageView<float> out, const LocalWarps& warps,
                int threads);

}  // namespace cvfast
