#include "level_rows.h"

#include <cmath>

#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

struct Place {
  ptrdiff_t first;  // of two neighbours
  std::int32_t share;  // of the second one, of 256
};

Place place(ptrdiff_t i, ptrdiff_t from, ptrdiff_t to) {
  const double scale = 1.0 / (static_cast<double>(to) / static_cast<double>(from));
  const double at = scale * (static_cast<double>(i) + 0.5) - 0.5;
  const double floor = std::floor(at);
  if (floor < 0) return {0, 0};
  if (floor >= static_cast<double>(from - 1)) return {from - 2, 256};
  return {static_cast<ptrdiff_t>(floor), rounded((at - floor) * 256)};
}

}  // namespace

LevelRows::LevelRows(ImageView<const std::uint8_t> picture)
    : kernels_(CVFAST_PICK(integral_kernels)), picture_(picture) {
  const auto width = static_cast<std::size_t>(picture.width);
  from_.resize(width);
  share_.resize(width);
  pixels_.resize(width);
  for (auto& line : lines_) line.resize(width);
}

void LevelRows::begin(const CascadeLevel& level) {
  width_ = level.width;
  height_ = level.height;
  line_rows_[0] = line_rows_[1] = -1;
  for (ptrdiff_t x = 0; x < width_; ++x) {
    const Place at = place(x, picture_.width, width_);
    from_[static_cast<std::size_t>(x)] = static_cast<std::int32_t>(at.first);
    share_[static_cast<std::size_t>(x)] = static_cast<std::uint16_t>(at.share);
  }
}

const std::uint8_t* LevelRows::row(ptrdiff_t y) {
  if (width_ == picture_.width && height_ == picture_.height) return picture_.row(y);
  const Place at = place(y, picture_.height, height_);
  const std::uint16_t* const upper = stretched(at.first);
  const std::uint16_t* const lower = stretched(at.first + 1);
  kernels_.blend_rows(upper, lower, static_cast<std::uint32_t>(at.share), width_, pixels_.data());
  return pixels_.data();
}

// Rows that follow each other take turns, so that one that is needed again is still there.
const std::uint16_t* LevelRows::stretched(ptrdiff_t y) {
  const std::size_t i = static_cast<std::size_t>(y % 2);
  if (line_rows_[i] != y) {
    kernels_.stretch_row(picture_.row(y), picture_.width, from_.data(), share_.data(), width_,
                         lines_[i].data());
    line_rows_[i] = y;
  }
  return lines_[i].data();
}

}  // namespace cvfast
