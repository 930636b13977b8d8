#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/warp.h"

using cvfast::ImageView;
using cvfast::LocalWarp;

namespace {

std::vector<std::uint8_t> ramp(std::ptrdiff_t width, std::ptrdiff_t height) {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height * 3));
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
  return pixels;
}

void disc_leaves_the_rest_alone_and_in_place_agrees() {
  const std::ptrdiff_t width = 61, height = 47;
  const std::vector<std::uint8_t> image = ramp(width, height);
  std::vector<std::uint8_t> out = image, in_place = image;
  const double centers[] = {30, 20}, radii[] = {12}, strengths[] = {0.5};
  const cvfast::LocalWarps warps = {LocalWarp::scale, centers, radii, strengths, 1};
  cvfast::local_warp({image.data(), width, height, 3, width * 3},
                     {out.data(), width, height, 3, width * 3}, warps, 1);
  cvfast::local_warp({in_place.data(), width, height, 3, width * 3},
                     {in_place.data(), width, height, 3, width * 3}, warps, 1);
  CHECK(out == in_place);
  CHECK(out != image);
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      if ((x - 30) * (x - 30) + (y - 20) * (y - 20) < 144) continue;
      for (std::ptrdiff_t c = 0; c < 3; ++c) {
        const auto i = static_cast<std::size_t>((y * width + x) * 3 + c);
        CHECK(out[i] == image[i]);
      }
    }
  }
}

void values_out_of_range_are_named() {
  std::vector<float> image(16, 0.5f), out = image;
  const double centers[] = {1, 1}, radii[] = {2}, strengths[] = {1.0};
  try {
    cvfast::local_warp({image.data(), 4, 4, 1, 4}, {out.data(), 4, 4, 1, 4},
                       {LocalWarp::scale, centers, radii, strengths, 1}, 1);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()).find("strengths[0]: expected") == 0);
  }
}

}  // namespace

int main() {
  disc_leaves_the_rest_alone_and_in_place_agrees();
  values_out_of_range_are_named();
}
