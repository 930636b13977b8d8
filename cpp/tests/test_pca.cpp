#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/parallel.h"
#include "cvfast/pca.h"

using cvfast::Samples;
using cvfast::ScatterSide;

namespace {

std::vector<std::uint8_t> pixels(std::ptrdiff_t count) {
  std::vector<std::uint8_t> values(static_cast<std::size_t>(count));
  std::uint32_t state = 12345;
  for (std::uint8_t& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<std::uint8_t>(state >> 24);
  }
  return values;
}

double centered(const Samples<std::uint8_t>& x, const std::vector<double>& mean, std::ptrdiff_t i,
                std::ptrdiff_t j) {
  return x.row(i)[j] - mean[static_cast<std::size_t>(j)];
}

void scatter_from_bytes_is_exact(std::ptrdiff_t n, std::ptrdiff_t d) {
  const std::vector<std::uint8_t> values = pixels(n * (d + 3));
  const Samples<std::uint8_t> x = {values.data(), n, d, d + 3};
  std::vector<double> mean(static_cast<std::size_t>(d));
  cvfast::column_means(x, mean.data(), 1);
  for (const ScatterSide side : {ScatterSide::samples, ScatterSide::columns}) {
    const bool rows = side == ScatterSide::samples;
    const std::ptrdiff_t m = rows ? n : d, depth = rows ? d : n;
    std::vector<double> out(static_cast<std::size_t>(m * m)), threaded(out.size());
    cvfast::scatter(x, mean.data(), side, out.data(), 1);
    cvfast::scatter(x, mean.data(), side, threaded.data(), 3);
    for (std::ptrdiff_t i = 0; i < m; ++i) {
      for (std::ptrdiff_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::ptrdiff_t p = 0; p < depth; ++p) {
          sum += rows ? centered(x, mean, i, p) * centered(x, mean, j, p)
                      : centered(x, mean, p, i) * centered(x, mean, p, j);
        }
        const auto at = static_cast<std::size_t>(i * m + j);
        CHECK(std::abs(out[at] - sum) <= 1e-9 * static_cast<double>(depth) * 255);
        CHECK(out[at] == threaded[at]);
      }
    }
  }
}

void rows_do_not_depend_on_their_company() {
  const std::ptrdiff_t n = 29, d = 301, k = 37;
  const std::vector<std::uint8_t> values = pixels(n * d);
  std::vector<float> components(static_cast<std::size_t>(k * d));
  for (std::size_t i = 0; i < components.size(); ++i) {
    components[i] = static_cast<float>(static_cast<double>((i * 37) % 101) / 1000.0 - 0.05);
  }
  const std::vector<double> mean(static_cast<std::size_t>(d), 99.7);
  const cvfast::Projection projection({components.data(), k, d, d}, mean.data());
  std::vector<float> all(static_cast<std::size_t>(n * k)), one(static_cast<std::size_t>(k));
  for (const int threads : {1, 2, 7}) {
    projection.transform(Samples<std::uint8_t>{values.data(), n, d, d}, all.data(), threads);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      projection.transform(Samples<std::uint8_t>{values.data() + i * d, 1, d, d}, one.data(),
                           threads);
      for (std::ptrdiff_t j = 0; j < k; ++j) {
        double sum = 0;
        for (std::ptrdiff_t p = 0; p < d; ++p) {
          sum += (values[static_cast<std::size_t>(i * d + p)] - 99.7) *
                 static_cast<double>(components[static_cast<std::size_t>(j * d + p)]);
        }
        CHECK(all[static_cast<std::size_t>(i * k + j)] == one[static_cast<std::size_t>(j)]);
        CHECK(std::abs(static_cast<double>(one[static_cast<std::size_t>(j)]) - sum) < 1e-3);
      }
    }
  }
}

void reconstruct_rounds_and_clips() {
  const float scores[] = {1.0f, 100.0f, -100.0f, 0.0f};
  const float components[] = {1.0f, 0.5f, -2.0f};
  const double mean[] = {10.0, 20.25, 30.0};
  std::uint8_t out[12];
  cvfast::reconstruct({scores, 4, 1, 1}, {components, 1, 3, 3}, mean, out, 1);
  const std::uint8_t expected[] = {11, 21, 28, 110, 70, 0, 0, 0, 230, 10, 20, 30};
  for (int i = 0; i < 12; ++i) CHECK(out[i] == expected[i]);
}

void values_that_are_not_finite_are_named() {
  std::vector<float> x(300 * 3, 0.5f);
  x[301] = std::numeric_limits<float>::quiet_NaN();
  std::vector<double> mean(300);
  try {
    cvfast::column_means(Samples<float>{x.data(), 3, 300, 300}, mean.data(), 1);
    CHECK(false);
  } catch (const std::invalid_argument& error) {
    CHECK(std::string(error.what()) == "X[1]: expected finite numbers, got nan");
  }
}

}  // namespace

int main() {
  cvfast::set_serial_threshold(0);
  for (const std::ptrdiff_t n : {1, 2, 31, 97}) {
    for (const std::ptrdiff_t d : {1, 5, 64, 130}) scatter_from_bytes_is_exact(n, d);
  }
  scatter_from_bytes_is_exact(13, 4099);
  scatter_from_bytes_is_exact(4099, 13);
  rows_do_not_depend_on_their_company();
  reconstruct_rounds_and_clips();
  values_that_are_not_finite_are_named();
}
