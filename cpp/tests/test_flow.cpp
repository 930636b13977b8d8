#include <cmath>
#include <vector>

#include "check.h"
#include "cvfast/flow.h"

namespace {

constexpr std::ptrdiff_t kWidth = 160, kHeight = 120;
using Picture = std::vector<std::uint8_t>;

// A smooth texture, its content moved by (dx, dy).
Picture texture(double dx, double dy) {
  Picture picture;
  for (std::ptrdiff_t row = 0; row < kHeight; ++row) {
    for (std::ptrdiff_t column = 0; column < kWidth; ++column) {
      const double x = static_cast<double>(column) - dx, y = static_cast<double>(row) - dy;
      const double value = 128 + 40 * std::sin(0.31 * x + 0.1 * y) + 40 * std::cos(0.27 * y) +
                           30 * std::sin(0.05 * x - 0.07 * y);
      picture.push_back(static_cast<std::uint8_t>(std::lround(value)));
    }
  }
  return picture;
}

cvfast::FlowPyramid pyramid(const Picture& picture, int finest = 0) {
  return {{picture.data(), kWidth, kHeight, 1, kWidth}, finest, 3};
}

void points_move_with_the_picture() {
  const std::vector<double> points = {40, 40, 80.25, 60.5, 100, 71.75};
  for (const int finest : {0, 1}) {
    const Picture before = texture(0, 0), after = texture(5.3, -3.6);
    const auto a = pyramid(before, finest), b = pyramid(after, finest);
    std::vector<double> moved(points.size());
    float errors[4], trips[4];
    cvfast::track_points(a, b, points.data(), nullptr, 3, 20, {moved.data(), errors, trips}, 2);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(std::abs(moved[2 * i] - points[2 * i] - 5.3) < 0.05);
      CHECK(std::abs(moved[2 * i + 1] - points[2 * i + 1] + 3.6) < 0.05);
      CHECK(errors[i] < 1.5F && trips[i] < 0.05F);
    }
  }
}

void what_has_no_match_is_lost() {
  const Picture flat(static_cast<std::size_t>(kWidth * kHeight), 90);
  const auto a = pyramid(flat), b = pyramid(texture(0, 0));
  const double points[] = {50, 50, -2, 5};
  double moved[4];
  float errors[2], trips[2];
  cvfast::track_points(a, b, points, nullptr, 2, 20, {moved, errors, trips}, 1);
  for (int i = 0; i < 2; ++i) {
    CHECK(std::isinf(errors[i]) && std::isinf(trips[i]));
    CHECK(moved[2 * i] == points[2 * i] && moved[2 * i + 1] == points[2 * i + 1]);
  }
}

void tiny_pictures_work() {
  const std::uint8_t one[] = {7};
  const cvfast::FlowPyramid a({one, 1, 1, 1, 1}, 2, 4), b({one, 1, 1, 1, 1}, 2, 4);
  CHECK(a.levels().size() == 1);
  const double point[] = {0, 0};
  double moved[2];
  float error, trip;
  cvfast::track_points(a, b, point, nullptr, 1, 0, {moved, &error, &trip}, 1);
  CHECK(error == 0.0F && trip == 0.0F);
}

}  // namespace

int main() {
  points_move_with_the_picture();
  what_has_no_match_is_lost();
  tiny_pictures_work();
}
