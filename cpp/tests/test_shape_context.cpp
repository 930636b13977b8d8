#include <cmath>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "cvfast/shape_context.h"

namespace {

using Doubles = std::vector<double>;

constexpr std::ptrdiff_t kPoints = 48;

// A bean, scaled and moved.
Doubles contour(double scale, double shift) {
  Doubles out;
  for (std::ptrdiff_t i = 0; i < kPoints; ++i) {
    const double turn = 6.283185307179586 * static_cast<double>(i) / kPoints;
    const double radius = 20 + 5 * std::cos(2 * turn) + 3 * std::sin(3 * turn);
    out.push_back(scale * radius * std::cos(turn) + shift);
    out.push_back(scale * radius * std::sin(turn) + shift);
  }
  return out;
}

Doubles tangents(const Doubles& points) {
  Doubles out;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const std::size_t next = (i + 1) % kPoints, last = (i + kPoints - 1) % kPoints;
    const double x = points[2 * next] - points[2 * last];
    const double y = points[2 * next + 1] - points[2 * last + 1];
    const double length = std::sqrt(x * x + y * y);
    out.push_back(x / length);
    out.push_back(y / length);
  }
  return out;
}

void histograms_know_no_scale() {
  std::vector<float> contexts[2];
  const cvfast::ShapeContextBins bins = {12, 5, 0.125, 2.0};
  for (int i = 0; i < 2; ++i) {
    const Doubles points = contour(i == 0 ? 1 : 4, i == 0 ? 0 : 100);
    const double unit = cvfast::mean_distance(points.data(), kPoints, nullptr, 2);
    contexts[i].resize(kPoints * 60);
    cvfast::shape_contexts(points.data(), kPoints, nullptr, unit, bins, contexts[i].data(), 2);
  }
  std::vector<float> costs(kPoints * kPoints);
  cvfast::chi_square_costs(contexts[0].data(), kPoints, contexts[1].data(), kPoints, 60,
                           costs.data(), 2);
  for (std::size_t i = 0; i < kPoints; ++i) CHECK(costs[i * kPoints + i] < 0.06F);
}

void the_cheapest_matching_is_found() {
  const Doubles costs = {4, 1, 3, 2, 0, 5, 3, 2, 2};
  std::int64_t matches[3];
  cvfast::assign(costs.data(), 3, 3, matches);
  CHECK(matches[0] == 1 && matches[1] == 0 && matches[2] == 2);
  const Doubles tall = {4, 2, 7};
  cvfast::assign(tall.data(), 3, 1, matches);
  CHECK(matches[0] == -1 && matches[1] == 0 && matches[2] == -1);
}

void a_system_is_solved() {
  const Doubles matrix = {0, 2, 1, 1};
  Doubles right = {4, 3};
  cvfast::solve(matrix.data(), right.data(), 2, 1);
  CHECK(std::abs(right[0] - 1) < 1e-12 && std::abs(right[1] - 2) < 1e-12);
}

void contours_match() {
  const Doubles a = contour(1, 0), b = contour(1.5, 30);
  const Doubles along_a = tangents(a), along_b = tangents(b);
  const std::vector<std::uint8_t> known(kPoints, 1);
  std::int64_t matches[kPoints];
  double costs[kPoints];
  cvfast::match_shapes({a.data(), along_a.data(), known.data(), kPoints},
                       {b.data(), along_b.data(), known.data(), kPoints}, {6, 1, 0.1, 0.25, 0.25},
                       matches, costs);
  for (std::ptrdiff_t i = 0; i < kPoints; ++i) CHECK(matches[i] == i && costs[i] < 0.1);
}

template <typename Call>
bool refused(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

void bad_values_are_refused() {
  const Doubles nan = {std::nan(""), 0, 1, 1};
  float out[60];
  CHECK(refused([&] { cvfast::mean_distance(nan.data(), 2, nullptr, 1); }));
  const Doubles two = {0, 0, 1, 1};
  for (const cvfast::ShapeContextBins& bins :
       {cvfast::ShapeContextBins{3, 5, 0.1, 2}, cvfast::ShapeContextBins{12, 0, 0.1, 2},
        cvfast::ShapeContextBins{12, 5, 2, 0.1}}) {
    CHECK(refused([&] { cvfast::shape_contexts(two.data(), 2, nullptr, 1, bins, out, 1); }));
  }
  std::int64_t match = 0;
  CHECK(refused([&] { cvfast::assign(nan.data(), 1, 1, &match); }));
  const Doubles singular = {1, 1, 1, 1};
  Doubles right = {1, 2};
  CHECK(refused([&] { cvfast::solve(singular.data(), right.data(), 2, 1); }));
}

}  // namespace

int main() {
  histograms_know_no_scale();
  the_cheapest_matching_is_found();
  a_system_is_solved();
  contours_match();
  bad_values_are_refused();
}
