#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/boost.h"

namespace {

constexpr std::ptrdiff_t kSide = 6, kCount = 40;

// Ramps: even patches brighten to the right, odd ones to the left, each of its own steepness.
std::vector<std::uint8_t> ramps() {
  std::vector<std::uint8_t> pixels;
  for (std::ptrdiff_t i = 0; i < kCount; ++i) {
    for (std::ptrdiff_t y = 0; y < kSide; ++y) {
      for (std::ptrdiff_t x = 0; x < kSide; ++x) {
        const std::ptrdiff_t step = i % 2 == 0 ? x : kSide - 1 - x;
        pixels.push_back(static_cast<std::uint8_t>(10 + step * (10 + i % 7) + y));
      }
    }
  }
  return pixels;
}

// Upper against lower half, left against right half.
const std::int32_t kRects[] = {0, 0, 6, 6, 0, 3, 6, 3, 0, 0, 0, 0,
                               0, 0, 6, 6, 3, 0, 3, 6, 0, 0, 0, 0};
const float kWeights[] = {-1, 2, 0, -1, 2, 0};
const bool kTilted[] = {false, false};

void the_feature_that_parts_the_patches_is_found_on_any_number_of_threads() {
  const std::vector<std::uint8_t> pixels = ramps();
  const cvfast::Patches patches = {pixels.data(), kCount, kSide, kSide};
  const cvfast::RectFeatures features = {kRects, kWeights, kTilted, 2};
  std::vector<std::int32_t> signs, weights;
  for (std::ptrdiff_t i = 0; i < kCount; ++i) {
    signs.push_back(i % 2 == 0 ? 1000 : -1000);
    weights.push_back(1000);
  }
  for (const std::ptrdiff_t memory : {std::ptrdiff_t{1} << 20, std::ptrdiff_t{100}}) {
    const cvfast::FeatureBank bank(patches, features, memory, 3);
    CHECK(bank.kept() == (memory > 100 ? 2 : 1));
    for (const int threads : {1, 2, 5}) {
      CHECK(bank.best(signs.data(), nullptr, threads).feature == 1);
      CHECK(bank.best(signs.data(), nullptr, threads).gain == 20000);
      CHECK(bank.best(signs.data(), weights.data(), threads).feature == 1);
    }
  }
  const cvfast::FeatureBank bank(patches, features, 0, 1);
  const std::int64_t chosen[] = {1};
  float values[kCount];
  bank.values(chosen, 1, values, 1);
  for (std::ptrdiff_t i = 0; i < kCount; ++i) CHECK((values[i] > 0) == (i % 2 == 0));
}

template <typename Call>
void expect(const std::string& words, const Call& call) {
  try {
    call();
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()).find(words) != std::string::npos);
  }
}

void what_lies_outside_and_sums_too_large_are_named() {
  const std::vector<std::uint8_t> pixels = ramps();
  const cvfast::Patches patches = {pixels.data(), kCount, kSide, kSide};
  std::int32_t rects[12] = {0, 0, 6, 6, 4, 0, 3, 6, 0, 0, 0, 0};
  expect("rects[0]: expected rectangles inside the patches, got 4, 0, 3, 6",
         [&] { cvfast::FeatureBank(patches, {rects, kWeights, kTilted, 1}, 100, 1); });
  const float nan[] = {-1, NAN, 0};
  expect("weights[0]: expected finite numbers",
         [&] { cvfast::FeatureBank(patches, {kRects, nan, kTilted, 1}, 100, 1); });
  const bool tilted[] = {true};
  expect("rects[0]", [&] { cvfast::FeatureBank(patches, {kRects, kWeights, tilted, 1}, 100, 1); });
  expect("patches: expected sides of 4 to 256 pixels, got 3", [&] {
    cvfast::FeatureBank({pixels.data(), 2, 3, 6}, {kRects, kWeights, kTilted, 1}, 100, 1);
  });
  const cvfast::FeatureBank bank(patches, {kRects, kWeights, kTilted, 2}, 1000, 1);
  const std::vector<std::int32_t> large(kCount, 1 << 30);
  expect("signs: expected sums under 2^31", [&] { bank.best(large.data(), nullptr, 1); });
  const std::int64_t beyond[] = {2};
  float out[kCount];
  expect("features[0]: expected an index under 2", [&] { bank.values(beyond, 1, out, 1); });
}

}  // namespace

int main() {
  the_feature_that_parts_the_patches_is_found_on_any_number_of_threads();
  what_lies_outside_and_sums_too_large_are_named();
}
