#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/mask.h"
#include "cvfast/smooth.h"

namespace {

constexpr std::ptrdiff_t kWidth = 61, kHeight = 47, kCell = 2, kColumns = 31, kRows = 24;

// Noise on two flats that meet in the middle.
std::vector<std::uint8_t> step_with_noise() {
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(kWidth * kHeight));
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const bool right = static_cast<std::ptrdiff_t>(i) % kWidth >= 30;
    pixels[i] = static_cast<std::uint8_t>((right ? 180 : 80) + (i * 7919) % 11);
  }
  return pixels;
}

void flats_get_flat_edges_stay_and_unweighted_samples_keep_their_bytes() {
  const std::vector<std::uint8_t> image = step_with_noise();
  std::vector<std::uint8_t> out = image;
  std::vector<float> weights(static_cast<std::size_t>(kColumns * kRows), 1.0F);
  for (std::ptrdiff_t i = 0; i < kColumns; ++i) {
    for (std::ptrdiff_t j = 0; j < 6; ++j) weights[static_cast<std::size_t>(j * kColumns + i)] = 0;
  }
  cvfast::smooth({out.data(), kWidth, kHeight, 1, kWidth}, weights.data(),
                 {kCell, kCell, 3, 60.0, 1.0, 0.0}, 1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(10 * kWidth); ++i) CHECK(out[i] == image[i]);
  const auto roughness = [](const std::vector<std::uint8_t>& pixels) {
    double sum = 0;
    for (std::ptrdiff_t x = 5; x < 20; ++x) {
      const auto i = static_cast<std::size_t>(30 * kWidth + x);
      sum += std::abs(pixels[i] - pixels[i + 1]);
    }
    return sum;
  };
  CHECK(roughness(out) < 0.2 * roughness(image));
  const auto row = static_cast<std::size_t>(30 * kWidth);
  CHECK(out[row + 33] - out[row + 26] > 85);
}

void values_out_of_range_are_named() {
  std::vector<float> image(16, 0.5F);
  const std::vector<float> weights(16, 1.5F);
  try {
    cvfast::smooth({image.data(), 4, 4, 1, 4}, weights.data(), {1, 1, 1, 0.1, 1, 0}, 1);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()).find("weights[0]: expected numbers in [0, 1]") == 0);
  }
}

void a_polygon_covers_its_area_and_nothing_else() {
  const double points[] = {10.25, 8.5, 40, 12, 33.5, 30.75, 12, 25};
  const std::ptrdiff_t counts[] = {4};
  std::vector<float> mask(static_cast<std::size_t>(kWidth * kHeight), 9.0F);
  cvfast::polygon_mask({points, counts, 1}, 0, {mask.data(), kWidth, kHeight, 1, kWidth});
  double area = 0, covered = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t j = (i + 1) % 4;
    area += (points[2 * i] * points[2 * j + 1] - points[2 * j] * points[2 * i + 1]) / 2;
  }
  for (const float value : mask) covered += static_cast<double>(value);
  CHECK(std::abs(covered - area) < 0.3);
  CHECK(mask[static_cast<std::size_t>(20 * kWidth + 20)] == 1.0F);
  CHECK(mask[static_cast<std::size_t>(20 * kWidth + 50)] == 0.0F);
  CHECK(mask[static_cast<std::size_t>(40 * kWidth + 20)] == 0.0F);
}

}  // namespace

int main() {
  flats_get_flat_edges_stay_and_unweighted_samples_keep_their_bytes();
  values_out_of_range_are_named();
  a_polygon_covers_its_area_and_nothing_else();
}
