// Template matching: as kernels.h, for its files in this folder.
#pragma once

#include "kernels/kernels.h"

namespace cvfast {

constexpr std::ptrdiff_t kMatchBlock = 64;  // windows of a row that are correlated at a time

// A template's sums over its pixels that count.
struct MatchTemplate {
  std::int64_t area, sum;
  double spread;  // square root of area * sum of squares - sum * sum
};

struct MatchKernels {
  // out[2 i], out[2 i + 1] = upper[i], lower[i]
  void (*pair_rows)(const std::uint8_t* upper, const std::uint8_t* lower, std::ptrdiff_t n,
                    std::int16_t* out);
  // out[i] = sums of taps times pixels of n windows that begin at i. A tap holds the weights (16
  // bits each, the upper row's lowest) of two rows' pixels, as `rows` does; pair p of the taps
  // meets the row 2 p after the first. Reads and writes whole blocks.
  void (*correlate)(const std::int16_t* rows, std::ptrdiff_t stride, const std::int32_t* taps,
                    std::ptrdiff_t width, std::ptrdiff_t pairs, std::ptrdiff_t n,
                    std::int32_t* out);
  void (*add_row)(const std::uint32_t* above, std::ptrdiff_t n, std::uint32_t* row);
  // From the rows of an integral image above and at the end of n windows.
  void (*window_sums)(const std::uint32_t* top, const std::uint32_t* bottom, std::ptrdiff_t width,
                      std::ptrdiff_t n, std::uint32_t* out);
  void (*scores)(const MatchTemplate& pattern, const std::int32_t* products,
                 const std::uint32_t* sums, const std::uint32_t* squares, std::ptrdiff_t n,
                 float* out);
};

}  // namespace cvfast
