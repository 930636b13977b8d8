#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/nms.h"

using cvfast::Boxes;

namespace {

// n boxes a step apart along x, each 10 wide: neighbours overlap by 10 - step.
std::vector<double> row_of_boxes(std::size_t n, double step) {
  std::vector<double> boxes;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = step * static_cast<double>(i);
    for (const double value : {x, 0.0, x + 10, 10.0}) boxes.push_back(value);
  }
  return boxes;
}

void every_second_of_a_row_stays() {
  for (const std::size_t n : {2u, 16u, 127u, 128u, 129u, 500u, 5000u}) {
    const std::vector<double> boxes = row_of_boxes(n, 3);  // IoU of neighbours 7/13, of others 4/16
    std::vector<float> scores;
    for (std::size_t i = 0; i < n; ++i) scores.push_back(-static_cast<float>(i));
    std::vector<std::int64_t> out(n);
    const Boxes<double> view = {boxes.data(), static_cast<std::ptrdiff_t>(n)};
    const std::ptrdiff_t kept = cvfast::nms(view, scores.data(), nullptr, 0.5, out.data());
    CHECK(kept == static_cast<std::ptrdiff_t>((n + 1) / 2));
    for (std::size_t i = 0; i < (n + 1) / 2; ++i) {
      CHECK(out[i] == static_cast<std::int64_t>(2 * i));
    }
    std::vector<std::int64_t> classes(n);  // alternating: now no neighbours share a class
    for (std::size_t i = 0; i < n; ++i) classes[i] = static_cast<std::int64_t>(i % 2);
    CHECK(cvfast::nms(view, scores.data(), classes.data(), 0.5, out.data()) ==
          static_cast<std::ptrdiff_t>(n));
  }
}

void overlaps_and_decays_are_as_defined() {
  const std::vector<double> boxes = row_of_boxes(3, 5);
  double overlaps[9];
  cvfast::iou(Boxes<double>{boxes.data(), 3}, Boxes<double>{boxes.data(), 3}, overlaps);
  CHECK(overlaps[0] == 1 && overlaps[2] == 0);
  CHECK(overlaps[1] == 50.0 / 150.0);
  const double scores[] = {0.9, 0.8, 0.7};
  std::int64_t out[3];
  double lowered[3];
  const cvfast::SoftNms options = {true, 0.5, 0.5, 1e-3};
  CHECK(cvfast::soft_nms(Boxes<double>{boxes.data(), 3}, scores, options, out, lowered) == 3);
  CHECK(out[0] == 0 && out[1] == 2 && out[2] == 1);
  CHECK(std::abs(lowered[2] - 0.8 * std::exp(-4.0 / 9)) < 1e-15);
}

void values_out_of_range_are_named() {
  std::vector<double> boxes = row_of_boxes(2, 5);
  boxes[6] = std::numeric_limits<double>::quiet_NaN();
  const float scores[] = {1, 2};
  std::int64_t out[2];
  try {
    cvfast::nms(Boxes<double>{boxes.data(), 2}, scores, nullptr, 0.5, out);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()).find("boxes[1]: expected finite numbers") == 0);
  }
}

}  // namespace

int main() {
  every_second_of_a_row_stays();
  overlaps_and_decays_are_as_defined();
  values_out_of_range_are_named();
}
