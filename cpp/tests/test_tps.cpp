#include <cmath>
#include <vector>

#include "check.h"
#include "cvfast/tps.h"

namespace {

// One bending control point in the middle of an identity affine part.
const double kCenters[] = {0, 0, 1, 0, -1, 0, 0, 1, 0, -1};
const double kWeights[] = {8, 4, -2, -1, -2, -1, -2, -1, -2, -1};
const double kAffine[] = {1.5, -2, 0, 0, 0, 0};
const cvfast::ThinPlateSpline kSpline = {kCenters, kWeights, kAffine, 5, {40, 30}, 1.0 / 30};

double bend(double x, double y, int axis) {
  double sum = kAffine[axis];
  for (int i = 0; i < 5; ++i) {
    const double a = (x - 40) / 30 - kCenters[2 * i], b = (y - 30) / 30 - kCenters[2 * i + 1];
    const double r2 = a * a + b * b;
    if (r2 > 0) sum += kWeights[2 * i + axis] * 0.5 * r2 * std::log(r2);
  }
  return sum;
}

void transform_is_the_formula() {
  const std::vector<double> points = {0, 0, 40, 30, 79, 59, 12.25, 33.75};
  std::vector<double> out(points.size());
  cvfast::tps_transform(kSpline, points.data(), 4, out.data(), 1);
  for (std::size_t i = 0; i < points.size(); i += 2) {
    for (int axis = 0; axis < 2; ++axis) {
      const auto k = i + static_cast<std::size_t>(axis);
      CHECK(std::abs(out[k] - points[k] - bend(points[i], points[i + 1], axis)) < 1e-10);
    }
  }
}

// A float picture whose channels are x and y shows where its pixels came from.
void warp_samples_where_the_formula_says() {
  const std::ptrdiff_t width = 80, height = 60;
  std::vector<float> ramp(static_cast<std::size_t>(width * height * 2)), out = ramp;
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      ramp[static_cast<std::size_t>((y * width + x) * 2)] = static_cast<float>(x);
      ramp[static_cast<std::size_t>((y * width + x) * 2 + 1)] = static_cast<float>(y);
    }
  }
  for (const bool exact : {true, false}) {
    cvfast::tps_warp(kSpline, {ramp.data(), width, height, 2, width * 2},
                     {out.data(), width, height, 2, width * 2}, exact, 2);
    for (std::ptrdiff_t y = 10; y < height - 10; ++y) {
      for (std::ptrdiff_t x = 10; x < width - 10; ++x) {
        const auto i = static_cast<std::size_t>((y * width + x) * 2);
        const auto fx = static_cast<double>(x), fy = static_cast<double>(y);
        CHECK(std::abs(out[i] - (fx + bend(fx, fy, 0))) < 0.03);
        CHECK(std::abs(out[i + 1] - (fy + bend(fx, fy, 1))) < 0.03);
      }
    }
  }
}

}  // namespace

int main() {
  transform_is_the_formula();
  warp_samples_where_the_formula_says();
}
