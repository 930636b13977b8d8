// Template matching: zero-mean normalised cross-correlation of a small grey picture with every
// window of a larger one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cvfast/image_view.h"

namespace cvfast {

constexpr std::ptrdiff_t kLargestTemplate = 128;  // px a side: sums of products fit 31 bits

// scores[y * (W - w + 1) + x] of W x H pixels and a template of w x h: Pearson's correlation of the
// template and the window that begins at (x, y), in [-1, 1]; 0 where either is flat. mask: w * h
// bytes, or null for all ones; pixels where it is 0 do not count. All sums are exact integers.
// threads 0: num_threads(). Throws std::invalid_argument for an empty template, one larger than
// the picture or than kLargestTemplate, and a mask without a pixel.
void match_template(ImageView<const std::uint8_t> image, ImageView<const std::uint8_t> pattern,
                    const std::uint8_t* mask, float* scores, int threads);

}  // namespace cvfast
