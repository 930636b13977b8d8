#include "cvfast/shape_context.h"

#include <cmath>
#include <vector>

#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/shape_context_kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

constexpr float kNothing = 1e-12F;  // a share so small counts as none: its products would underflow
constexpr double kPi = 3.14159265358979323846;
constexpr double kNanosecondsABin = 4, kNanosecondsADistance = 1, kNanosecondsAShare = 0.5;

// The coordinates apart, in whole groups.
struct Coordinates {
  std::vector<double> x, y;

  Coordinates(const double* points, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; ++i) {
      x.push_back(points[2 * i]);
      y.push_back(points[2 * i + 1]);
    }
  }
};

bool does_count(const std::uint8_t* counts, ptrdiff_t i) {
  return counts == nullptr || counts[i] != 0;
}

void check_points(const double* points, ptrdiff_t count) {
  if (count > kMostShapePoints) {
    throw std::invalid_argument("points: expected at most " + std::to_string(kMostShapePoints) +
                                ", got " + std::to_string(count));
  }
  check_finite("points", points, count, 2);
}

void check_bins(const ShapeContextBins& bins) {
  if (bins.angles < 2 || bins.angles > kMostAngles || bins.angles % 2 != 0) {
    throw std::invalid_argument("angles: expected an even number from 2 to " +
                                std::to_string(kMostAngles) + ", got " +
                                std::to_string(bins.angles));
  }
  if (bins.radii < 1 || bins.radii > kMostRadii) {
    throw std::invalid_argument("radii: expected 1 to " + std::to_string(kMostRadii) + ", got " +
                                std::to_string(bins.radii));
  }
  if (!(bins.inner > 0 && bins.inner <= bins.outer && bins.outer <= 1e6)) {
    throw std::invalid_argument("inner, outer: expected 0 < inner <= outer <= 1e6, got " +
                                shown(bins.inner) + " and " + shown(bins.outer));
  }
}

// The bins' tables, made once a call by the C library alone, whatever the instruction set.
struct Tables {
  std::vector<double> squares, cosines, sines;
  ShapeBins view;

  Tables(const ShapeContextBins& bins, double unit) {
    const int half = bins.angles / 2;
    for (int r = 0; r < bins.radii; ++r) {
      const double share = bins.radii > 1 ? double(r) / (bins.radii - 1) : 1.0;
      const double end = unit * bins.inner * std::pow(bins.outer / bins.inner, share);
      squares.push_back(end * end);
    }
    for (int h = 0; h < half; ++h) {
      cosines.push_back(std::cos(kPi * h / half));
      sines.push_back(std::sin(kPi * h / half));
    }
    view = {squares.data(), cosines.data(), sines.data(), bins.radii, half};
  }
};

void check_shares(const char* name, const float* values, ptrdiff_t rows, ptrdiff_t bins) {
  bool good = true;
  for (ptrdiff_t i = 0; i < rows * bins; ++i) good &= values[i] >= 0.0F && values[i] <= 1e6F;
  for (ptrdiff_t i = 0; !good && i < rows * bins; ++i) {
    if (!(values[i] >= 0.0F && values[i] <= 1e6F)) {
      reject(name, i / bins, "shares from 0 to 1e6", static_cast<double>(values[i]));
    }
  }
}

float total(const float* values, ptrdiff_t count) {
  float sum = 0;
  for (ptrdiff_t i = 0; i < count; ++i) sum += values[i];
  return sum;
}

// The columns' histograms bin by bin, so that a bin of neighbouring columns lies together.
struct Columns {
  ptrdiff_t stride;  // whole groups
  std::vector<float> shares, totals;

  Columns(const float* b, ptrdiff_t columns, ptrdiff_t bins)
      : stride(whole_groups(columns)), shares(static_cast<std::size_t>(stride * bins)) {
    for (ptrdiff_t j = 0; j < columns; ++j) {
      totals.push_back(total(b + j * bins, bins));
      for (ptrdiff_t k = 0; k < bins; ++k) {
        shares[static_cast<std::size_t>(k * stride + j)] = b[j * bins + k];
      }
    }
  }
};

}  // namespace

double mean_distance(const double* points, ptrdiff_t count, const std::uint8_t* counts,
                     int threads) {
  check_points(points, count);
  std::vector<double> kept;
  for (ptrdiff_t i = 0; i < count; ++i) {
    if (!does_count(counts, i)) continue;
    kept.push_back(points[2 * i]);
    kept.push_back(points[2 * i + 1]);
  }
  const auto n = static_cast<ptrdiff_t>(kept.size() / 2);
  if (n == 0) return 0;
  const Coordinates at(kept.data(), n);
  const ShapeContextKernels& kernels = CVFAST_PICK(shape_context_kernels);
  const int team =
      threads_for(threads, kNanosecondsADistance * static_cast<double>(n) * static_cast<double>(n));
  std::vector<double> rows(static_cast<std::size_t>(n)), sums(rows);
  rows.resize(rows.size() * static_cast<std::size_t>(team));
  by_runs(n, team, [&](ptrdiff_t i, ptrdiff_t thread) {
    double* const row = rows.data() + n * thread;
    const auto own = static_cast<std::size_t>(i);
    kernels.distances(at.x.data(), at.y.data(), n, at.x[own], at.y[own], row);
    double sum = 0;
    for (ptrdiff_t j = 0; j < n; ++j) sum += row[j];
    sums[own] = sum;
  });
  double sum = 0;
  for (const double row : sums) sum += row;
  return sum / (static_cast<double>(n) * static_cast<double>(n));
}

void shape_contexts(const double* points, ptrdiff_t count, const std::uint8_t* counts, double unit,
                    const ShapeContextBins& bins, float* out, int threads) {
  check_points(points, count);
  check_bins(bins);
  if (!(unit > 0 && unit <= 1e100)) {
    throw std::invalid_argument("unit: expected more than 0 and at most 1e100, got " + shown(unit));
  }
  if (count == 0) return;
  const Tables tables(bins, unit);
  const Coordinates at(points, count);
  const ShapeContextKernels& kernels = CVFAST_PICK(shape_context_kernels);
  const ptrdiff_t width = bins.angles * bins.radii;
  const double work = kNanosecondsABin * static_cast<double>(count) * static_cast<double>(count);
  const int team = threads_for(threads, work);
  std::vector<std::int32_t> places(static_cast<std::size_t>(count * team));
  by_runs(count, team, [&](ptrdiff_t i, ptrdiff_t thread) {
    std::int32_t* const place = places.data() + count * thread;
    const auto own = static_cast<std::size_t>(i);
    kernels.bins(tables.view, at.x.data(), at.y.data(), count, at.x[own], at.y[own], place);
    std::int32_t found[kMostAngles * kMostRadii + 1] = {}, all = 0;
    for (ptrdiff_t j = 0; j < count; ++j) {
      if (j == i || place[j] >= width || !does_count(counts, j)) continue;
      ++found[place[j]];
      ++all;
    }
    const float share = all > 0 ? 1.0F / static_cast<float>(all) : 0.0F;
    for (ptrdiff_t k = 0; k < width; ++k) {
      out[i * width + k] = static_cast<float>(found[k]) * share;
    }
  });
}

void chi_square_costs(const float* a, ptrdiff_t rows, const float* b, ptrdiff_t columns,
                      ptrdiff_t bins, float* out, int threads) {
  check_shares("a", a, rows, bins);
  check_shares("b", b, columns, bins);
  const Columns all(b, columns, bins);
  const ShapeContextKernels& kernels = CVFAST_PICK(shape_context_kernels);
  const double work = kNanosecondsAShare * static_cast<double>(rows) *
                      static_cast<double>(columns) * static_cast<double>(bins);
  const int team = threads_for(threads, work);
  std::vector<float> kept(static_cast<std::size_t>(bins * team));
  std::vector<float> all_sums(static_cast<std::size_t>(all.stride * team));
  std::vector<std::int32_t> kept_places(kept.size());
  // (a - b)^2 / (a + b) = a + b - 4 a b / (a + b), and the last term is 0 where a is: most bins are
  // empty, so that only half of the divisions are left.
  by_runs(rows, team, [&](ptrdiff_t i, ptrdiff_t thread) {
    const float* const row = a + i * bins;
    float* const share = kept.data() + bins * thread;
    std::int32_t* const place = kept_places.data() + bins * thread;
    ptrdiff_t count = 0;
    for (ptrdiff_t k = 0; k < bins; ++k) {
      if (row[k] <= kNothing) continue;
      share[count] = row[k];
      place[count++] = static_cast<std::int32_t>(k);
    }
    float* const sums = all_sums.data() + all.stride * thread;
    for (ptrdiff_t j = 0; j < all.stride; ++j) sums[j] = 0.0F;
    kernels.harmonic_row(share, place, count, all.shares.data(), all.stride, all.stride, sums);
    float* const costs = out + i * columns;
    const float own = total(row, bins);
    for (ptrdiff_t j = 0; j < columns; ++j) {
      const float cost = 0.5F * (own + all.totals[static_cast<std::size_t>(j)]) - 2.0F * sums[j];
      costs[j] = cost > 0.0F ? cost : 0.0F;
    }
  });
}

}  // namespace cvfast
