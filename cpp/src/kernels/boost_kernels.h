// What boost.cpp and boost_search.cpp offer.
#pragma once

#include "kernels/kernels.h"

namespace cvfast {

// Boosting: a feature's order of the patches. An entry is a patch's number, with kBoostCut set
// where the next value is another one, so that a cut may follow.
constexpr unsigned kBoostCut = 0x8000;
constexpr std::ptrdiff_t kBoostBins = 3 * 2048;  // scratch of one sort

// A Haar feature on many patches: per rectangle the four rows of integral values at its corners.
struct HaarRows {
  const std::int32_t* corners[3][4];  // summed as 0 - 1 - 2 + 3
  float weights[3];
  std::ptrdiff_t rects;
};

struct BoostSort {
  std::uint32_t *keys, *keys2;  // n each
  std::uint16_t *order, *order2;
  std::uint32_t* bins;
};

struct BoostKernels {
  void (*haar_values)(const HaarRows&, const float* scale, std::ptrdiff_t n, float* out);
  // Codes of 3 x 3 blocks; the 4 x 4 rows of integral values at their corners.
  void (*lbp_codes)(const std::int32_t* const* corners, std::ptrdiff_t n, std::uint8_t* out);
  // Writes the stable ascending order of n values.
  void (*sort)(const float* values, std::ptrdiff_t n, const BoostSort&, std::uint16_t* out);
  // The least and the most of the sums of signs up to each cut, 0 among them.
  void (*extremes)(const std::uint16_t* order, std::ptrdiff_t n, const std::int32_t* signs,
                   std::int32_t* least, std::int32_t* most);
  // The most of (L - l c)^2 / (l (total - l)) over cuts: L, l the sums of signs and weights up to
  // there. pairs: weight * 2^32 + sign.
  void (*explained)(const std::uint16_t* order, std::ptrdiff_t n, const std::int64_t* pairs,
                    std::int32_t total, float c, float* most);
};

}  // namespace cvfast
