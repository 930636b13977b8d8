#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/crop.h"

namespace {

cvfast::CropPicture rgb_picture(const std::vector<std::uint8_t>& pixels, std::ptrdiff_t width,
                                std::ptrdiff_t height) {
  return {width,
          height,
          {{{pixels.data(), nullptr},
            cvfast::SampleType::u8,
            width,
            height,
            3,
            {3 * width, 0},
            {1, 0, 0, 0, 1, 0}},
           {}},
          1,
          8,
          {},
          {}};
}

void unit_scale_copies_and_a_mirror_turns_round() {
  const std::ptrdiff_t width = 40, height = 30, side = 16;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height * 3));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7);
  std::vector<std::uint8_t> out(side * side * 3), mirrored(out.size());
  const auto picture = rgb_picture(pixels, width, height);
  cvfast::read_crop(picture, {{1, 0, 5, 0, 1, 6}, side, side, -1}, out.data(), 1);
  cvfast::read_crop(picture, {{-1, 0, 5 + side - 1, 0, 1, 6}, side, side, -1}, mirrored.data(), 1);
  for (std::ptrdiff_t y = 0; y < side; ++y) {
    for (std::ptrdiff_t x = 0; x < side; ++x) {
      for (std::ptrdiff_t c = 0; c < 3; ++c) {
        const auto at = static_cast<std::size_t>((y * side + x) * 3 + c);
        const auto other = static_cast<std::size_t>((y * side + side - 1 - x) * 3 + c);
        const auto from = static_cast<std::size_t>(((y + 6) * width + x + 5) * 3 + c);
        CHECK(out[at] == pixels[from]);
        CHECK(mirrored[other] == pixels[from]);
      }
    }
  }
}

void blocks_are_averaged_and_the_outside_is_filled() {
  std::vector<std::uint8_t> pixels(64 * 64 * 3);
  for (std::size_t i = 0; i < 64 * 64; ++i) {
    for (std::size_t c = 0; c < 3; ++c) pixels[3 * i + c] = i % 2 == 0 ? 255 : 0;
  }
  std::vector<float> out(16 * 16 * 3);
  const auto picture = rgb_picture(pixels, 64, 64);
  cvfast::read_crop(picture, {{8, 0, -28.5, 0, 8, 3.5}, 16, 16, 0}, 1.0f / 255, -1, out.data(), 1);
  CHECK(out[0] == -1.0f);
  CHECK(out[8 * 3] > -0.51f && out[8 * 3] < -0.49f);
}

void matrices_without_sense_are_named() {
  const std::vector<std::uint8_t> pixels(12);
  std::uint8_t out[3];
  try {
    cvfast::read_crop(rgb_picture(pixels, 2, 2), {{0, 0, 0, 0, 1, 0}, 1, 1, -1}, out, 1);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()).find("matrix: expected") == 0);
  }
}

}  // namespace

int main() {
  unit_scale_copies_and_a_mirror_turns_round();
  blocks_are_averaged_and_the_outside_is_filled();
  matrices_without_sense_are_named();
}
