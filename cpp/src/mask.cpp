#include "cvfast/mask.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "check.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

constexpr double kFarthest = 1e6;  // pixels; a corner farther away says nothing about a picture
constexpr double kWidestFeather = 1024;
constexpr double kStepsDown = 256;      // corners are rounded to so many steps a row
constexpr std::int32_t kOne = 1 << 16;  // a whole pixel's coverage
constexpr double kOneOverStep = kOne / kStepsDown;
constexpr float kShare = 1.0F / kOne;

// The covered share of each pixel, as differences along the rows: whole numbers, whose sums are
// exact, so that a pixel off the polygon is exactly 0.
class Coverage {
 public:
  Coverage(ptrdiff_t width, ptrdiff_t height)
      : width_(width), row_(width + 2), cells_(static_cast<std::size_t>(row_ * height)) {}

  std::int32_t* row(ptrdiff_t y) { return cells_.data() + y * row_; }

  // What lies right of a piece of an edge from (xa, ya) to (xb, yb) within row y; pixel i spans
  // [i, i + 1]. `steps` is its signed height.
  void add(ptrdiff_t y, double xa, double xb, double steps) {
    const double right = static_cast<double>(width_);
    for (const double side : {0.0, right}) {
      if ((xa < side && xb > side) || (xa > side && xb < side)) {  // two pieces
        const double first = std::rint(steps * (side - xa) / (xb - xa));
        add(y, xa, side, first);
        add(y, side, xb, steps - first);
        return;
      }
    }
    xa = std::clamp(xa, 0.0, right);
    xb = std::clamp(xb, 0.0, right);
    std::int32_t* const cells = row(y);
    double x = xa, done = 0;
    while (true) {
      // On to the next column, or to the end.
      const double column = xa <= xb ? std::floor(x) : std::ceil(x) - 1;
      const double next = xa <= xb ? std::min(column + 1, xb) : std::max(column, xb);
      const bool last = next == xb;
      const double upto = last ? steps : std::rint(steps * (next - xa) / (xb - xa));
      const double middle = (x + next) / 2 - column;
      const auto whole = static_cast<std::int32_t>((upto - done) * kOneOverStep);
      const auto own = static_cast<std::int32_t>(std::rint(whole * (1 - middle)));
      const auto i = static_cast<ptrdiff_t>(std::max(column, 0.0));
      cells[i] += own;
      cells[i + 1] += whole - own;
      if (last) return;
      x = next;
      done = upto;
    }
  }

 private:
  ptrdiff_t width_, row_;
  std::vector<std::int32_t> cells_;
};

double down(double y) { return std::rint((y + 0.5) * kStepsDown); }

void add_edge(Coverage& coverage, ptrdiff_t height, const double* from, const double* to) {
  const double y0 = down(from[1]), y1 = down(to[1]);
  if (y0 == y1) return;
  const double x0 = from[0] + 0.5, slope = (to[0] - from[0]) / (y1 - y0);
  const double sign = y1 > y0 ? 1 : -1;
  const double top = std::max(std::min(y0, y1), 0.0);
  const double bottom = std::min(std::max(y0, y1), static_cast<double>(height) * kStepsDown);
  for (double y = top; y < bottom;) {
    const double row = std::floor(y / kStepsDown);
    const double next = std::min((row + 1) * kStepsDown, bottom);
    coverage.add(static_cast<ptrdiff_t>(row), x0 + slope * (y - y0), x0 + slope * (next - y0),
                 sign * (next - y));
    y = next;
  }
}

struct Run {
  ptrdiff_t begin, end;
};

// The pixels that a polygon may touch along x or y.
Run run_of(const double* coordinates, ptrdiff_t count, ptrdiff_t size) {
  double low = coordinates[0], high = coordinates[0];
  for (ptrdiff_t i = 1; i < count; ++i) {
    low = std::min(low, coordinates[2 * i]);
    high = std::max(high, coordinates[2 * i]);
  }
  const double most = static_cast<double>(size);
  return {static_cast<ptrdiff_t>(std::clamp(std::floor(low), 0.0, most)),
          static_cast<ptrdiff_t>(std::clamp(std::floor(high) + 2, 0.0, most))};
}

void fill(const double* points, ptrdiff_t count, ImageView<float> out) {
  const Run rows = run_of(points + 1, count, out.height),
            columns = run_of(points, count, out.width);
  if (rows.begin >= rows.end || columns.begin >= columns.end) return;
  const ptrdiff_t width = columns.end - columns.begin, height = rows.end - rows.begin;
  Coverage coverage(width, height);
  const auto left = static_cast<double>(columns.begin), top = static_cast<double>(rows.begin);
  for (ptrdiff_t i = 0; i < count; ++i) {
    const double* a = points + 2 * i;
    const double* b = points + 2 * ((i + 1) % count);
    const double from[2] = {a[0] - left, a[1] - top}, to[2] = {b[0] - left, b[1] - top};
    add_edge(coverage, height, from, to);
  }
  for (ptrdiff_t y = 0; y < height; ++y) {
    const std::int32_t* cells = coverage.row(y);
    float* row = out.row(rows.begin + y) + columns.begin;
    std::int32_t sum = 0;
    for (ptrdiff_t x = 0; x < width; ++x) {
      sum += cells[x];
      const std::int32_t covered = std::min(std::abs(sum), kOne);
      row[x] = std::max(row[x], static_cast<float>(covered) * kShare);
    }
  }
}

// A tent whose foot is `feather` wide turns an edge into a smooth step of that width.
std::vector<float> tent(double feather) {
  const double half = feather / 2;
  const auto reach = static_cast<ptrdiff_t>(std::ceil(half)) - 1;
  std::vector<double> taps;
  double sum = 0;
  for (ptrdiff_t i = -reach; i <= reach; ++i) {
    taps.push_back(half - std::abs(static_cast<double>(i)));
    sum += taps.back();
  }
  std::vector<float> normal;
  for (const double tap : taps) normal.push_back(static_cast<float>(tap / sum));
  return normal;
}

// Pixels beyond the border count as those on it, so that a mask does not fade there.
void blur(ImageView<float> out, double feather) {
  const std::vector<float> taps = tent(feather);
  const auto count = static_cast<ptrdiff_t>(taps.size()), reach = count / 2;
  const ptrdiff_t padded = out.width + 2 * reach, rows = out.height + 2 * reach;
  const SmoothKernels& k = CVFAST_PICK(smooth_kernels);
  std::vector<float> across(static_cast<std::size_t>(out.width * rows));
  std::vector<float> line(static_cast<std::size_t>(padded));
  for (ptrdiff_t j = 0; j < rows; ++j) {
    const float* row = out.row(std::clamp<ptrdiff_t>(j - reach, 0, out.height - 1));
    std::fill_n(line.begin(), reach, row[0]);
    std::copy_n(row, out.width, line.begin() + reach);
    std::fill_n(line.end() - reach, reach, row[out.width - 1]);
    k.weighted_sum(line.data(), 1, taps.data(), count, out.width, across.data() + j * out.width);
  }
  for (ptrdiff_t y = 0; y < out.height; ++y) {
    k.weighted_sum(across.data() + y * out.width, out.width, taps.data(), count, out.width,
                   out.row(y));
  }
  for (ptrdiff_t y = 0; y < out.height; ++y) {
    float* row = out.row(y);
    for (ptrdiff_t x = 0; x < out.width; ++x) row[x] = std::min(row[x], 1.0F);
  }
}

}  // namespace

void polygon_mask(const Polygons& polygons, double feather, ImageView<float> out) {
  if (!(feather >= 0 && feather <= kWidestFeather)) {
    throw std::invalid_argument("feather: expected a number in [0, 1024], got " + shown(feather));
  }
  ptrdiff_t corners = 0;
  for (ptrdiff_t i = 0; i < polygons.count; ++i) corners += polygons.counts[i];
  for (ptrdiff_t i = 0; i < 2 * corners; ++i) {
    if (!(std::abs(polygons.points[i]) <= kFarthest)) {
      reject("points", i / 2, "numbers in [-1e6, 1e6]", polygons.points[i]);
    }
  }
  for (ptrdiff_t y = 0; y < out.height; ++y) std::fill_n(out.row(y), out.width, 0.0F);
  if (out.width < 1 || out.height < 1) return;
  const double* points = polygons.points;
  for (ptrdiff_t i = 0; i < polygons.count; ++i) {
    if (polygons.counts[i] >= 3) fill(points, polygons.counts[i], out);
    points += 2 * polygons.counts[i];
  }
  if (feather > 2) blur(out, feather);
}

}  // namespace cvfast
