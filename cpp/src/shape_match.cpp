// Outlines matched by shape contexts and splines in turns.
#include <algorithm>
#include <cmath>
#include <vector>

#include "check.h"
#include "cvfast/shape_context.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;
using Doubles = std::vector<double>;

constexpr ShapeContextBins kBins = {12, 5, 0.125, 2.0};  // of Belongie, Malik and Puzicha
constexpr ptrdiff_t kWidth = 60;
constexpr double kFirstStiffness = 1000;  // next to affine
constexpr double kForbidden = 1e3;        // cost of a pair that must not be
constexpr double kSmallest = 1e-300;

std::size_t size(ptrdiff_t n) { return static_cast<std::size_t>(n); }

std::vector<float> contexts(const double* points, ptrdiff_t count, const std::uint8_t* known) {
  std::vector<float> out(size(count * kWidth));
  const double unit = std::max(mean_distance(points, count, known, 1), 1e-9);
  shape_contexts(points, count, known, unit, kBins, out.data(), 1);
  return out;
}

// Unit directions of a closed contour, from each point's neighbours.
Doubles tangents_of(const Doubles& points, ptrdiff_t count) {
  Doubles out(size(2 * count));
  for (ptrdiff_t i = 0; i < count; ++i) {
    const ptrdiff_t next = (i + 1) % count, last = (i + count - 1) % count;
    const double x = points[size(2 * next)] - points[size(2 * last)];
    const double y = points[size(2 * next + 1)] - points[size(2 * last + 1)];
    const double length = std::max(std::sqrt(x * x + y * y), 1e-12);
    out[size(2 * i)] = x / length;
    out[size(2 * i + 1)] = y / length;
  }
  return out;
}

// A spline through some of the source's points that moves all of them. The kernel matrix of all
// points is made once.
class SourceSpline {
 public:
  SourceSpline(const ShapeOutline& source)
      : source_(source), unit_(size(2 * source.count)), kernel_(size(source.count * source.count)) {
    const ptrdiff_t n = source.count;
    double middle[2] = {0, 0}, reach = 0;
    for (ptrdiff_t i = 0; i < 2 * n; ++i) middle[i % 2] += source.points[i];
    for (double& sum : middle) sum /= static_cast<double>(n);
    for (ptrdiff_t i = 0; i < 2 * n; ++i) {
      reach = std::max(reach, std::abs(source.points[i] - middle[i % 2]));
    }
    scale_ = 1 / std::max(reach, 1e-9);
    for (ptrdiff_t i = 0; i < 2 * n; ++i) {
      unit_[size(i)] = (source.points[i] - middle[i % 2]) * scale_;
    }
    for (ptrdiff_t i = 0; i < n; ++i) {
      for (ptrdiff_t j = 0; j < i; ++j) {
        const double x = unit_[size(2 * i)] - unit_[size(2 * j)];
        const double y = unit_[size(2 * i + 1)] - unit_[size(2 * j + 1)];
        const double square = x * x + y * y;
        const double value = 0.5 * square * std::log(std::max(square, kSmallest));
        kernel_[size(i * n + j)] = kernel_[size(j * n + i)] = value;
      }
    }
  }

  // rows and columns: numbers of the pairs; smoothing in squared pixels.
  Doubles moved(const std::vector<ptrdiff_t>& rows, const std::vector<ptrdiff_t>& columns,
                const double* target, double smoothing) const {
    const auto count = static_cast<ptrdiff_t>(rows.size());
    const ptrdiff_t n = source_.count, side = count + 3;
    Doubles system(size(side * side)), right(size(side * 2));
    for (ptrdiff_t i = 0; i < count; ++i) {
      const ptrdiff_t row = rows[size(i)];
      for (ptrdiff_t j = 0; j < count; ++j) {
        system[size(i * side + j)] = kernel_[size(row * n + rows[size(j)])];
      }
      system[size(i * side + i)] = smoothing * scale_ * scale_;
      for (ptrdiff_t k = 0; k < 3; ++k) {
        const double value = k == 0 ? 1.0 : unit_[size(2 * row + k - 1)];
        system[size(i * side + count + k)] = system[size((count + k) * side + i)] = value;
      }
      for (ptrdiff_t k = 0; k < 2; ++k) {
        right[size(2 * i + k)] = target[2 * columns[size(i)] + k] - source_.points[2 * row + k];
      }
    }
    solve(system.data(), right.data(), side, 2);
    return apply(rows, right);
  }

 private:
  Doubles apply(const std::vector<ptrdiff_t>& rows, const Doubles& weights) const {
    const auto count = static_cast<ptrdiff_t>(rows.size());
    const ptrdiff_t n = source_.count;
    Doubles out(size(2 * n));
    for (ptrdiff_t i = 0; i < n; ++i) {
      for (ptrdiff_t axis = 0; axis < 2; ++axis) {
        const auto weight = [&](ptrdiff_t j) { return weights[size(2 * j + axis)]; };
        double sum = source_.points[2 * i + axis] + weight(count) +
                     weight(count + 1) * unit_[size(2 * i)] +
                     weight(count + 2) * unit_[size(2 * i + 1)];
        for (ptrdiff_t j = 0; j < count; ++j)
          sum += weight(j) * kernel_[size(i * n + rows[size(j)])];
        out[size(2 * i + axis)] = sum;
      }
    }
    return out;
  }

  const ShapeOutline& source_;
  Doubles unit_, kernel_;
  double scale_ = 1;
};

// Costs of all pairs, with spare rows and columns that go with anything.
class Costs {
 public:
  Costs(const ShapeOutline& source, const ShapeOutline& target, const ShapeMatchOptions& options)
      : source_(source), target_(target), options_(options) {
    const auto spare = [&](const ShapeOutline& outline) {
      const double share = std::round(options.spare * static_cast<double>(outline.count));
      return static_cast<ptrdiff_t>(share) +
             std::count(outline.known, outline.known + outline.count, std::uint8_t{0});
    };
    side_ = std::max(source.count + spare(target), target.count + spare(source));
    values_.assign(size(side_ * side_), options.unmatched);
    shapes_.resize(size(source.count * target.count));
    matches_.resize(size(side_));
  }

  void match(const std::vector<float>& mine, const std::vector<float>& theirs,
             const double* tangents) {
    chi_square_costs(mine.data(), source_.count, theirs.data(), target_.count, kWidth,
                     shapes_.data(), 1);
    for (ptrdiff_t i = 0; i < source_.count; ++i) {
      for (ptrdiff_t j = 0; j < target_.count; ++j) {
        const double cosine = tangents[2 * i] * target_.tangents[2 * j] +
                              tangents[2 * i + 1] * target_.tangents[2 * j + 1];
        const double shape = static_cast<double>(shapes_[size(i * target_.count + j)]);
        const bool both = source_.known[i] != 0 && target_.known[j] != 0;
        values_[size(i * side_ + j)] =
            both ? (1 - options_.tangents) * shape + options_.tangents * 0.5 * (1 - cosine)
                 : kForbidden;
      }
    }
    assign(values_.data(), side_, side_, matches_.data());
  }
  // The target point of a source point, or -1.
  ptrdiff_t partner(ptrdiff_t i) const {
    const auto j = static_cast<ptrdiff_t>(matches_[size(i)]);
    return j < target_.count && cost(i) < kForbidden ? j : -1;
  }
  double cost(ptrdiff_t i) const {
    return values_[size(i * side_ + static_cast<ptrdiff_t>(matches_[size(i)]))];
  }

 private:
  const ShapeOutline &source_, &target_;
  const ShapeMatchOptions& options_;
  ptrdiff_t side_;
  Doubles values_;
  std::vector<float> shapes_;
  std::vector<std::int64_t> matches_;
};

void check(const char* name, const ShapeOutline& outline) {
  check_finite(std::string(name) + ".points", outline.points, outline.count, 2);
  check_finite(std::string(name) + ".tangents", outline.tangents, outline.count, 2);
  const ptrdiff_t known =
      outline.count - std::count(outline.known, outline.known + outline.count, std::uint8_t{0});
  if (known < 4) {
    throw std::invalid_argument(std::string(name) + ": expected at least 4 known points, got " +
                                std::to_string(known));
  }
}

void check(const ShapeMatchOptions& options) {
  const auto within = [](const char* name, double value, double most) {
    if (value >= 0 && value <= most) return;
    throw std::invalid_argument(std::string(name) + ": expected 0 to " + shown(most) + ", got " +
                                shown(value));
  };
  if (options.iterations < 1 || options.iterations > 100) {
    throw std::invalid_argument("iterations: expected 1 to 100, got " +
                                std::to_string(options.iterations));
  }
  within("stiffness", options.stiffness, 1e6);
  within("tangents", options.tangents, 1);
  within("spare", options.spare, 1);
  within("unmatched", options.unmatched, 100);
}

}  // namespace

void match_shapes(const ShapeOutline& source, const ShapeOutline& target,
                  const ShapeMatchOptions& options, std::int64_t* matches, double* costs) {
  check("source", source);
  check("target", target);
  check(options);
  const ptrdiff_t n = source.count;
  const std::vector<float> wanted = contexts(target.points, target.count, target.known);
  const double unit = mean_distance(source.points, n, source.known, 1);
  const SourceSpline spline(source);
  Costs pairs(source, target, options);
  Doubles moved(source.points, source.points + 2 * n);
  Doubles tangents(source.tangents, source.tangents + 2 * n);
  std::vector<std::uint8_t> known(source.known, source.known + n);
  for (int turn = 0; turn < options.iterations; ++turn) {
    if (turn > 0) tangents = tangents_of(moved, n);
    pairs.match(contexts(moved.data(), n, known.data()), wanted, tangents.data());
    if (turn + 1 == options.iterations) break;
    std::vector<ptrdiff_t> rows, columns;
    for (ptrdiff_t i = 0; i < n; ++i) {
      const ptrdiff_t partner = pairs.partner(i);
      known[size(i)] = partner >= 0;
      if (partner < 0) continue;
      rows.push_back(i);
      columns.push_back(partner);
    }
    if (rows.size() < 3) {
      throw std::invalid_argument(
          "target: expected an outline like the source's, got one of which "
          "fewer than 3 points match");
    }
    const double stiffness = turn == 0 ? kFirstStiffness : options.stiffness;
    moved = spline.moved(rows, columns, target.points, stiffness * unit * unit);
  }
  for (ptrdiff_t i = 0; i < n; ++i) {
    matches[i] = pairs.partner(i);
    costs[i] = matches[i] < 0 ? 0.0 : pairs.cost(i);
  }
}

}  // namespace cvfast
