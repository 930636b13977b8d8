// Integral pictures of many patches at once, for features to read along the patches.
#pragma once

#include <cstdint>
#include <vector>

#include "cvfast/boost.h"

namespace cvfast {

// Row p holds the integral value at corner p = y * (width + 1) + x of every patch.
struct BoostIntegrals {
  std::vector<std::int32_t> upright, tilted;  // tilted: empty unless asked for
  std::vector<float> scale;                   // per patch: 1 / (deviation * area)
};

// The tilted value at (x, y) sums the pixels of the triangle above it that opens upwards at 45
// degrees, its lowest pixel (x - 1, y - 1).
BoostIntegrals boost_integrals(const Patches& patches, bool tilted, int threads);

}  // namespace cvfast
