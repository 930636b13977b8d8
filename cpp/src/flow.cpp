#include "cvfast/flow.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr int kMostHalvings = 8;
constexpr std::ptrdiff_t kSmallestSide = 8;  // of a level after the first
constexpr double kNanosecondsAPoint = 6000;
constexpr float kLost = std::numeric_limits<float>::infinity();

// Odd sides lose their last row or column, a single one is kept.
std::ptrdiff_t halved(std::ptrdiff_t side) { return std::max<std::ptrdiff_t>(side / 2, 1); }

using Pixels = std::vector<std::uint8_t>;

Pixels halve(const FlowKernels& kernels, const std::uint8_t* data, std::ptrdiff_t width,
             std::ptrdiff_t height, std::ptrdiff_t stride) {
  const std::ptrdiff_t w = halved(width), h = halved(height);
  Pixels out(static_cast<std::size_t>(w * h));
  for (std::ptrdiff_t y = 0; y < h; ++y) {
    const std::uint8_t* upper = data + 2 * y * stride;
    const std::uint8_t* lower = height > 1 ? upper + stride : upper;
    std::uint8_t* to = out.data() + y * w;
    if (width > 1) {
      kernels.halve_row(upper, lower, w, to);
    } else {
      to[0] = static_cast<std::uint8_t>((upper[0] + lower[0] + 1) >> 1);
    }
  }
  return out;
}

void copy_padded(const std::uint8_t* from, std::ptrdiff_t from_stride, std::ptrdiff_t width,
                 std::ptrdiff_t height, std::uint8_t* to, std::ptrdiff_t stride) {
  for (std::ptrdiff_t y = -kFlowPad; y < height + kFlowPad; ++y) {
    const std::uint8_t* row = from + std::clamp<std::ptrdiff_t>(y, 0, height - 1) * from_stride;
    std::uint8_t* out = to + (y + kFlowPad) * stride;
    std::memset(out, row[0], kFlowPad);
    std::memcpy(out + kFlowPad, row, static_cast<std::size_t>(width));
    std::memset(out + kFlowPad + width, row[width - 1], kFlowPad);
  }
}

struct Match {
  float x, y, square;
  bool found;
};

// From the coarsest level down. Positions are of the pictures as given.
Match search(const FlowKernels& kernels, const FlowPyramid& from, const FlowPyramid& to,
             const double* point, double move_x, double move_y, int iterations) {
  const auto& levels = from.levels();
  const std::size_t first = iterations > 0 ? levels.size() : 1;
  Match match = {0, 0, 0, false};
  for (std::size_t l = first; l-- > 0;) {
    const double scale = std::ldexp(1.0, -(from.finest() + static_cast<int>(l)));
    const double x = (point[0] + 0.5) * scale - 0.5, y = (point[1] + 0.5) * scale - 0.5;
    const auto at_x = static_cast<float>(x), at_y = static_cast<float>(y);
    float u = static_cast<float>(x + move_x * scale), v = static_cast<float>(y + move_y * scale);
    const auto& a = levels[l];
    const auto& b = to.levels()[l];
    match.found =
        kernels.follow({a.data, a.width, a.height, a.stride}, {b.data, b.width, b.height, b.stride},
                       at_x, at_y, iterations, &u, &v, &match.square);
    if (match.found && iterations > 0) {
      move_x = (static_cast<double>(u) - static_cast<double>(at_x)) / scale;
      move_y = (static_cast<double>(v) - static_cast<double>(at_y)) / scale;
    }
  }
  match.x = static_cast<float>(move_x);
  match.y = static_cast<float>(move_y);
  return match;
}

void check_pair(const FlowPyramid& previous, const FlowPyramid& current) {
  if (previous.finest() == current.finest() &&
      previous.levels().size() == current.levels().size()) {
    return;
  }
  throw std::invalid_argument(
      "current: expected a pyramid of the same finest level and number of levels as previous (" +
      std::to_string(previous.finest()) + " and " + std::to_string(previous.levels().size()) +
      "), got " + std::to_string(current.finest()) + " and " +
      std::to_string(current.levels().size()));
}

}  // namespace

FlowPyramid::FlowPyramid(ImageView<const std::uint8_t> image, int finest, int levels)
    : width_(image.width), height_(image.height), finest_(finest) {
  if (width_ < 1 || height_ < 1) {
    throw std::invalid_argument("image: expected at least one pixel, got " +
                                std::to_string(height_) + " x " + std::to_string(width_));
  }
  if (finest < 0 || finest > kMostHalvings) {
    throw std::invalid_argument("finest: expected 0 to 8, got " + std::to_string(finest));
  }
  if (levels < 1 || levels > kMostHalvings) {
    throw std::invalid_argument("levels: expected 1 to 8, got " + std::to_string(levels));
  }
  const FlowKernels& kernels = CVFAST_PICK(flow_kernels);
  std::vector<Pixels> pictures;  // halved ones; where none is yet, `image` itself
  std::vector<std::ptrdiff_t> offsets;
  std::ptrdiff_t width = width_, height = height_, bytes = 0;
  const std::uint8_t* data = image.data;
  std::ptrdiff_t stride = image.row_stride;
  for (int l = 0; l < finest + levels; ++l) {
    if (l > 0) {
      if (l > finest && std::min(halved(width), halved(height)) < kSmallestSide) break;
      pictures.push_back(halve(kernels, data, width, height, stride));
      width = halved(width);
      height = halved(height);
      data = pictures.back().data();
      stride = width;
    }
    if (l < finest) continue;
    const std::ptrdiff_t padded = width + 2 * kFlowPad;
    // Offsets first: the memory is taken at once, below.
    offsets.push_back(bytes + kFlowPad * padded + kFlowPad);
    levels_.push_back({data, width, height, stride});
    bytes += padded * (height + 2 * kFlowPad);
  }
  memory_.resize(static_cast<std::size_t>(bytes));
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    Level& level = levels_[l];
    const std::ptrdiff_t padded = level.width + 2 * kFlowPad;
    std::uint8_t* const inner = memory_.data() + offsets[l];
    copy_padded(level.data, level.stride, level.width, level.height,
                inner - kFlowPad * padded - kFlowPad, padded);
    level = {inner, level.width, level.height, padded};
  }
}

void track_points(const FlowPyramid& previous, const FlowPyramid& current, const double* points,
                  const double* guesses, std::ptrdiff_t count, int iterations,
                  const FlowResult& result, int threads) {
  check_pair(previous, current);
  check_finite("points", points, count, 2);
  if (guesses == nullptr) guesses = points;
  check_finite("guesses", guesses, count, 2);
  if (iterations < 0 || iterations > 100) {
    throw std::invalid_argument("iterations: expected 0 to 100, got " + std::to_string(iterations));
  }
  const FlowKernels& kernels = CVFAST_PICK(flow_kernels);
  const double work = kNanosecondsAPoint * static_cast<double>(count);
  parallel_for(count, threads_for(threads, work), [&](std::ptrdiff_t i) {
    const double* const point = points + 2 * i;
    double* const moved = result.points + 2 * i;
    const double guess[2] = {guesses[2 * i], guesses[2 * i + 1]};
    const double move_x = guess[0] - point[0], move_y = guess[1] - point[1];
    const Match there = search(kernels, previous, current, point, move_x, move_y, iterations);
    moved[0] = guess[0];
    moved[1] = guess[1];
    result.errors[i] = there.found ? std::sqrt(there.square) : kLost;
    result.trips[i] = there.found ? 0.0f : kLost;
    if (!there.found || iterations == 0) return;
    moved[0] = point[0] + static_cast<double>(there.x);
    moved[1] = point[1] + static_cast<double>(there.y);
    const Match back = search(kernels, current, previous, moved, -move_x, -move_y, iterations);
    const float dx = there.x + back.x, dy = there.y + back.y;
    result.trips[i] = back.found ? std::sqrt(dx * dx + dy * dy) : kLost;
  });
}

}  // namespace cvfast
