// The rows of a picture at a level's size, from top to bottom: linear between pixels in steps of
// 1/256, as OpenCV's INTER_LINEAR_EXACT rounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cascade_levels.h"
#include "cvfast/image_view.h"
#include "kernels/kernels.h"

namespace cvfast {

class LevelRows {
 public:
  explicit LevelRows(ImageView<const std::uint8_t> picture);

  void begin(const CascadeLevel& level);
  // Row y, which stays until the next call.
  const std::uint8_t* row(std::ptrdiff_t y);

 private:
  const std::uint16_t* stretched(std::ptrdiff_t y);

  const IntegralKernels& kernels_;
  ImageView<const std::uint8_t> picture_;
  std::ptrdiff_t width_ = 0, height_ = 0;
  std::vector<std::int32_t> from_;
  std::vector<std::uint16_t> share_;
  std::vector<std::uint16_t> lines_[2];
  std::ptrdiff_t line_rows_[2] = {-1, -1};
  std::vector<std::uint8_t> pixels_;
};

}  // namespace cvfast
