// What fitting and training share: reading a stage's pixels for a shape, and walking a tree.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "cvfast/image_view.h"

namespace cvfast {

// The linear part (a, -b; b, a) of the similarity that takes one shape to another, both about their
// middle, by least squares.
class ShapeTurn {
 public:
  ShapeTurn(const float* from, const float* to, std::ptrdiff_t points) {
    const double n = static_cast<double>(points);
    double fx = 0, fy = 0, tx = 0, ty = 0;
    for (std::ptrdiff_t i = 0; i < points; ++i) {
      fx += static_cast<double>(from[2 * i]);
      fy += static_cast<double>(from[2 * i + 1]);
      tx += static_cast<double>(to[2 * i]);
      ty += static_cast<double>(to[2 * i + 1]);
    }
    fx /= n, fy /= n, tx /= n, ty /= n;
    double size = 0, along = 0, across = 0;
    for (std::ptrdiff_t i = 0; i < points; ++i) {
      const double x = static_cast<double>(from[2 * i]) - fx;
      const double y = static_cast<double>(from[2 * i + 1]) - fy;
      const double u = static_cast<double>(to[2 * i]) - tx;
      const double v = static_cast<double>(to[2 * i + 1]) - ty;
      size += x * x + y * y;
      along += x * u + y * v;
      across += x * v - y * u;
    }
    if (size > 0) {
      a = static_cast<float>(along / size);
      b = static_cast<float>(across / size);
    }
  }

  float a = 1, b = 0;
};

// Mean of the channels at the pixel nearest to x, y; 0 outside, also for what is no number.
inline std::uint8_t level_at(const ImageView<const std::uint8_t>& image, double x, double y) {
  const double column = x + 0.5, row = y + 0.5;
  const bool inside = column >= 0 && column < static_cast<double>(image.width) && row >= 0 &&
                      row < static_cast<double>(image.height);
  if (!inside) return 0;
  const std::uint8_t* at = image.row(static_cast<std::ptrdiff_t>(row)) +
                           static_cast<std::ptrdiff_t>(column) * image.channels;
  if (image.channels == 1) return *at;
  return static_cast<std::uint8_t>((at[0] + at[1] + at[2]) / 3);
}

// levels[i * step] of each feature for a shape in its frame (left, top, right, bottom).
inline void read_levels(const ImageView<const std::uint8_t>& image, const double* frame,
                        const float* initial, const float* shape, std::ptrdiff_t points,
                        const std::int32_t* anchors, const float* deltas, std::ptrdiff_t features,
                        std::uint8_t* levels, std::ptrdiff_t step) {
  const ShapeTurn turn(initial, shape, points);
  const double left = frame[0], top = frame[1];
  const double width = frame[2] - left, height = frame[3] - top;
  for (std::ptrdiff_t i = 0; i < features; ++i) {
    const float dx = deltas[2 * i], dy = deltas[2 * i + 1];
    const float* anchor = shape + 2 * anchors[i];
    const float x = turn.a * dx - turn.b * dy + anchor[0];
    const float y = turn.b * dx + turn.a * dy + anchor[1];
    levels[i * step] = level_at(image, left + width * static_cast<double>(x),
                                top + height * static_cast<double>(y));
  }
}

// Two pixels and the whole number that their difference has to exceed: levels are whole.
struct PackedSplit {
  std::uint16_t a, b;
  std::int16_t threshold;

  bool goes_left(const std::uint8_t* levels) const { return levels[a] - levels[b] > threshold; }
};

inline PackedSplit packed_split(const std::int32_t* pixels, float threshold) {
  const float whole = std::floor(threshold);
  const float kept = whole < -256 ? -256 : whole > 256 ? 256 : whole;
  return {static_cast<std::uint16_t>(pixels[0]), static_cast<std::uint16_t>(pixels[1]),
          static_cast<std::int16_t>(kept)};
}

// The leaf that a tree of `depth` ends in. Without branches: nobody could foretell them.
inline std::int32_t leaf_of(const std::uint8_t* levels, const PackedSplit* splits,
                            std::ptrdiff_t depth) {
  std::int32_t node = 0;
  for (std::ptrdiff_t d = 0; d < depth; ++d) {
    node = 2 * node + 2 - static_cast<std::int32_t>(splits[node].goes_left(levels));
  }
  return node - ((1 << depth) - 1);
}

}  // namespace cvfast
