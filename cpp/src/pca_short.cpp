#include <algorithm>
#include <cmath>

#include "cvfast/pca.h"
#include "pca_tiles.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr double kMost = 32767, kRounding = 1e-5;

}  // namespace

struct ShortProjection::Packed {
  const PcaKernels& kernels;
  std::ptrdiff_t components, columns, width;  // width: columns, filled up to whole vectors
  std::vector<float> mean, scales;
  double off = 0;  // length of what rounding took from the components
  Aligned<std::int16_t> values;

  template <typename T>
  double transform(const Samples<T>& x, float* scores) const;
};

ShortProjection::ShortProjection(const Samples<float>& c, const double* mean) {
  const PcaKernels& kernels = CVFAST_PICK(pca_kernels);
  const std::ptrdiff_t width = ceil_div(c.columns, kernels.lanes) * kernels.lanes;
  auto packed =
      std::make_unique<Packed>(Packed{kernels, c.count, c.columns, width, rounded(mean, c.columns),
                                      std::vector<float>(static_cast<std::size_t>(c.count)), 0.0,
                                      aligned<std::int16_t>(c.count * width)});
  double squares = 0;
  for (std::ptrdiff_t i = 0; i < c.count; ++i) {
    const float* row = c.row(i);
    double largest = 0;
    for (std::ptrdiff_t j = 0; j < c.columns; ++j) {
      if (!std::isfinite(row[j])) reject("components_", i, "finite numbers", row[j]);
      largest = std::max(largest, std::fabs(static_cast<double>(row[j])));
    }
    const double scale = largest > 0 ? largest / kMost : 1.0;
    packed->scales[static_cast<std::size_t>(i)] = static_cast<float>(scale);
    std::int16_t* to = packed->values.get() + i * width;
    for (std::ptrdiff_t j = 0; j < c.columns; ++j) {
      const double value = static_cast<double>(row[j]) / scale;
      to[j] = static_cast<std::int16_t>(std::lrint(value));
      const double lost = (value - static_cast<double>(to[j])) * scale;
      squares += lost * lost;
    }
    std::fill(to + c.columns, to + width, std::int16_t{0});
  }
  packed->off = std::sqrt(squares);
  packed_ = std::move(packed);
}

ShortProjection::~ShortProjection() = default;
std::ptrdiff_t ShortProjection::components() const { return packed_->components; }
std::ptrdiff_t ShortProjection::columns() const { return packed_->columns; }

template <typename T>
double ShortProjection::Packed::transform(const Samples<T>& x, float* scores) const {
  const Aligned<float> row = aligned<float>(width);
  if (!center(kernels, x.row(0), mean.data(), columns, row.get())) reject_not_finite(x);
  std::fill(row.get() + columns, row.get() + width, 0.0f);
  double squares = 0;
  for (std::ptrdiff_t j = 0; j < columns; j += kFloatDepth) {
    float sums[4] = {};
    const std::ptrdiff_t end = std::min(j + kFloatDepth, width);
    for (std::ptrdiff_t i = j; i + 4 <= end; i += 4) {
      for (int lane = 0; lane < 4; ++lane) sums[lane] += row[i + lane] * row[i + lane];
    }
    for (const float sum : sums) squares += static_cast<double>(sum);
  }
  kernels.dots_i16(row.get(), values.get(), components, width, scores);
  for (std::ptrdiff_t i = 0; i < components; ++i) scores[i] *= scales[static_cast<std::size_t>(i)];
  return std::sqrt(squares) * (off + kRounding);
}

double ShortProjection::transform(const Samples<std::uint8_t>& x, float* scores) const {
  return packed_->transform(x, scores);
}
double ShortProjection::transform(const Samples<float>& x, float* scores) const {
  return packed_->transform(x, scores);
}

}  // namespace cvfast
