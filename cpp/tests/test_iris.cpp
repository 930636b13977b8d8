#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/iris.h"

using cvfast::EyeShape;
using cvfast::IrisPaint;
using cvfast::IrisRings;
using cvfast::SamplePlane;

namespace {

constexpr std::ptrdiff_t kSide = 64;
const double kLids[] = {0, 30, 60, 0, -20, 0, 0, 20, 0};
const EyeShape kEye = {{31, 32}, {12, 0, 0, 12}, {2, 32}, {1, 0}, kLids, 3};
const IrisPaint kPaint = {1, 0.3, 0.4, 0.6, {0, 0}, {0.3, -0.1}, 0.4, 0.4, 0.4, 255};

template <typename T>
SamplePlane<T> plane(T* data, double zero) {
  return {data, kSide, kSide, kSide, 1, 1, 1, 0, 0, zero, 255};
}

// A dark disc of radius 11 round (33, 31) on white.
std::vector<std::uint8_t> disc() {
  std::vector<std::uint8_t> luma;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const double inside = 11.5 - std::hypot(x - 33, y - 31);
      const double level = inside > 1 ? 100 : inside < 0 ? 220 : 220 - 120 * inside;
      luma.push_back(static_cast<std::uint8_t>(level));
    }
  }
  return luma;
}

void the_rim_is_found() {
  const std::vector<std::uint8_t> luma = disc();
  std::vector<double> rays, distances;
  for (int i = 0; i < 24; ++i) rays.push_back(std::cos(i * 0.26));
  for (int i = 0; i < 24; ++i) rays.push_back(std::sin(i * 0.26));
  for (int k = 2; k < 30; ++k) distances.push_back(k * 0.05);
  const IrisRings rings = {rays.data(), 24, distances.data(), 28};
  std::vector<float> values(24 * 28);
  std::vector<std::uint8_t> seen(24 * 28);
  EyeShape eye = kEye;
  double offsets[3];
  for (int round = 0; round < 4; ++round) {
    cvfast::iris_rings(plane(luma.data(), 0), eye, rings, values.data(), seen.data());
    cvfast::iris_rim(values.data(), seen.data(), rings, offsets);
    eye.center[0] += eye.axes[0] * offsets[0];
    eye.center[1] += eye.axes[3] * offsets[1];
    for (double& axis : eye.axes) axis *= 1 + offsets[2];
  }
  CHECK(std::abs(eye.center[0] - 33) < 0.3);
  CHECK(std::abs(eye.center[1] - 31) < 0.5);
  CHECK(std::abs(eye.axes[0] - 11) < 0.3);
}

void only_the_ring_between_pupil_and_rim_is_painted() {
  std::vector<std::uint8_t> luma(kSide * kSide, 102), blue(kSide * kSide, 128), red = blue;
  const std::ptrdiff_t changed = cvfast::iris_paint<std::uint8_t>(
      plane<const std::uint8_t>(luma.data(), 0), plane(blue.data(), 128), plane(red.data(), 128),
      kEye, kPaint);
  std::ptrdiff_t found = 0;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const auto i = static_cast<std::size_t>(y * kSide + x);
      const double distance = std::hypot(x - 31, y - 32);
      const bool painted = blue[i] != 128 || red[i] != 128;
      found += painted ? 1 : 0;
      if (distance > 12.5 || distance < 3) CHECK(!painted);
      if (distance < 11 && distance > 5) CHECK(blue[i] > 140 && red[i] < 128);
    }
  }
  CHECK(found == changed);
}

void numbers_that_are_not_finite_are_named() {
  std::vector<float> luma(kSide * kSide, 0.5f), blue = luma, red = luma;
  EyeShape eye = kEye;
  eye.axes[1] = std::numeric_limits<double>::quiet_NaN();
  try {
    cvfast::iris_paint<float>(plane<const float>(luma.data(), 0), plane(blue.data(), 0),
                              plane(red.data(), 0), eye, kPaint);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()).find("axes[1]: expected finite numbers") == 0);
  }
}

}  // namespace

int main() {
  the_rim_is_found();
  only_the_ring_between_pupil_and_rim_is_painted();
  numbers_that_are_not_finite_are_named();
}
