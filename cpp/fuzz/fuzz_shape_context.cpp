// Any points, costs and systems, non-finite ones too: an exception, or results within their range.
#include <new>
#include <stdexcept>

#include "bytes.h"
#include "cvfast/shape_context.h"

namespace {

using std::ptrdiff_t;

std::size_t size(ptrdiff_t n) { return static_cast<std::size_t>(n); }

std::vector<std::uint8_t> flags(Bytes& bytes, ptrdiff_t count) {
  std::vector<std::uint8_t> out(size(count));
  for (std::uint8_t& flag : out) flag = bytes.below(8) > 0;
  return out;
}

void contexts(Bytes& bytes) {
  const ptrdiff_t count = bytes.below(70);
  const std::vector<double> points = bytes.numbers(2 * count);
  const std::vector<std::uint8_t> counts = flags(bytes, count);
  const cvfast::ShapeContextBins bins = {static_cast<int>(bytes.below(40)),
                                         static_cast<int>(bytes.below(18)), bytes.number(),
                                         bytes.number()};
  std::vector<float> out(size(count * bins.angles * bins.radii));
  const double unit = cvfast::mean_distance(points.data(), count, counts.data(), 1);
  cvfast::shape_contexts(points.data(), count, counts.data(), unit, bins, out.data(), 1);
  for (const float share : out) MUST(share >= 0.0F && share <= 1.0F);
  const ptrdiff_t width = bins.angles * bins.radii;
  std::vector<float> costs(size(count * count));
  cvfast::chi_square_costs(out.data(), count, out.data(), count, width, costs.data(), 1);
  for (const float cost : costs) MUST(cost >= 0.0F && cost <= 1.001F);
}

void matching(Bytes& bytes) {
  const ptrdiff_t rows = bytes.below(24), columns = bytes.below(24);
  const std::vector<double> costs = bytes.numbers(rows * columns);
  std::vector<std::int64_t> matches(size(rows), -2);
  cvfast::assign(costs.data(), rows, columns, matches.data());
  std::vector<bool> taken(size(columns));
  ptrdiff_t found = 0;
  for (const std::int64_t column : matches) {
    MUST(column >= -1 && column < columns);
    if (column < 0) continue;
    MUST(!taken[size(column)]);
    taken[size(column)] = true;
    ++found;
  }
  MUST(found == (rows < columns ? rows : columns));
}

void system(Bytes& bytes) {
  const ptrdiff_t n = bytes.below(12), columns = bytes.below(3);
  const std::vector<double> matrix = bytes.numbers(n * n);
  std::vector<double> right = bytes.numbers(n * columns);
  cvfast::solve(matrix.data(), right.data(), n, columns);
  for (const double value : right) MUST(std::isfinite(value));
}

struct Contour {
  std::vector<double> points, tangents;
  std::vector<std::uint8_t> known;
  explicit Contour(Bytes& bytes) {
    const ptrdiff_t count = bytes.below(40);
    points = bytes.numbers(2 * count);
    tangents = bytes.numbers(2 * count);
    known = flags(bytes, count);
  }
  cvfast::ShapeOutline view() const {
    return {points.data(), tangents.data(), known.data(), static_cast<ptrdiff_t>(known.size())};
  }
};

void shapes(Bytes& bytes) {
  const Contour source(bytes), target(bytes);
  const cvfast::ShapeMatchOptions options = {static_cast<int>(bytes.below(6)), bytes.number(), 0.1,
                                             0.25, 0.25};
  std::vector<std::int64_t> matches(source.known.size());
  std::vector<double> costs(source.known.size());
  cvfast::match_shapes(source.view(), target.view(), options, matches.data(), costs.data());
  for (const std::int64_t match : matches) {
    MUST(match >= -1 && match < static_cast<std::int64_t>(target.known.size()));
  }
}

void run(Bytes bytes) {
  const ptrdiff_t what = bytes.below(4);
  if (what == 0) {
    contexts(bytes);
  } else if (what == 1) {
    matching(bytes);
  } else if (what == 2) {
    system(bytes);
  } else {
    shapes(bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    run(Bytes(data, size));
  } catch (const std::invalid_argument& error) {
    MUST(std::strstr(error.what(), ": expected ") != nullptr);
  } catch (const std::bad_alloc&) {
  }
  return 0;
}
