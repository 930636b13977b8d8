// The sizes that a search for windows goes through, as OpenCV 4's detectMultiScale does.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cvfast/cascade.h"

namespace cvfast {

struct CascadeLevel {
  float scale;                      // of the picture to the level
  std::ptrdiff_t width, height;     // of the level in pixels
  std::ptrdiff_t step;              // between windows
  std::ptrdiff_t columns, bottom;   // windows a row; windows begin above this row
};

inline std::int32_t rounded(float value) {
  return static_cast<std::int32_t>(std::nearbyint(value));
}
inline std::int32_t rounded(double value) {
  return static_cast<std::int32_t>(std::nearbyint(value));
}

// Scales at which a window of width x height fits, within the limits of the search; where none
// does, the one that comes nearest to its least size.
std::vector<float> cascade_scales(std::int32_t width, std::int32_t height, std::ptrdiff_t across,
                                  std::ptrdiff_t down, const WindowSearch& search);

// Levels with windows in them.
std::vector<CascadeLevel> cascade_levels(std::int32_t width, std::int32_t height,
                                         std::ptrdiff_t across, std::ptrdiff_t down,
                                         const WindowSearch& search);

}  // namespace cvfast
