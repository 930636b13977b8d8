#include "cvfast/crop.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr std::ptrdiff_t kMostSamples = 8;  // averaged each way; of larger blocks some are skipped

struct Point {
  double x, y;
};

// A grid as a view sees it: points of the grid by output pixel.
struct GridView {
  double m[6];

  GridView(const SampleGrid& grid, const CropView& view) {
    const double* p = grid.place;
    const double* v = view.matrix;
    for (int row = 0; row < 2; ++row) {
      const double* q = p + 3 * row;
      for (int column = 0; column < 3; ++column) {
        m[3 * row + column] = q[0] * v[column] + q[1] * v[3 + column] + (column == 2 ? q[2] : 0);
      }
    }
  }
  Point at(double i, double j) const {
    return {m[0] * i + m[1] * j + m[2], m[3] * i + m[4] * j + m[5]};
  }
};

// Averaged samples [start, start + length) of one axis, `factor` a block.
struct Axis {
  std::ptrdiff_t start, length, factor, step;
  std::ptrdiff_t blocks() const { return (length + factor - 1) / factor; }
};

Axis visible(double low, double high, double scale, std::ptrdiff_t size) {
  const auto whole = std::max(1.0, std::floor(std::min(scale, 1e5) + 0.5));
  auto factor = static_cast<std::ptrdiff_t>(whole);
  const std::ptrdiff_t step = std::max<std::ptrdiff_t>(1, factor / kMostSamples);
  factor -= factor % step;
  const auto margin = static_cast<double>(2 * factor), last = static_cast<double>(size - 1);
  const auto start = static_cast<std::ptrdiff_t>(std::clamp(std::floor(low) - margin, 0.0, last));
  const auto end = static_cast<std::ptrdiff_t>(std::clamp(std::ceil(high) + margin, 0.0, last));
  return {start, std::max(end, start) - start + 1, factor, step};
}

// The part of a grid that a view needs, averaged over blocks, with where it lies.
class Window {
 public:
  Window() = default;

  void read(const CropKernels& kernels, const SampleGrid& grid, const CropView& view, double scale,
            int threads) {
    const GridView place(grid, view);
    double low_x = INFINITY, low_y = INFINITY, high_x = -INFINITY, high_y = -INFINITY;
    for (int corner = 0; corner < 4; ++corner) {
      const Point p = place.at(corner % 2 == 0 ? -0.5 : static_cast<double>(view.width) - 0.5,
                               corner / 2 == 0 ? -0.5 : static_cast<double>(view.height) - 0.5);
      low_x = std::min(low_x, p.x), high_x = std::max(high_x, p.x);
      low_y = std::min(low_y, p.y), high_y = std::max(high_y, p.y);
    }
    const double* g = grid.place;
    x_ = visible(low_x, high_x, scale * std::hypot(g[0], g[1]), grid.width);
    y_ = visible(low_y, high_y, scale * std::hypot(g[3], g[4]), grid.height);
    for (int k = 0; k < 6; ++k) m_[k] = place.m[k];
    if (grid.type == SampleType::u8 && grid.data[1] == nullptr && x_.factor * y_.factor == 1) {
      const auto* data = static_cast<const std::uint8_t*>(grid.data[0]);
      source = {data + y_.start * grid.row_stride[0] + x_.start * grid.channels, x_.length,
                y_.length, grid.channels, grid.row_stride[0]};
      return;
    }
    average(kernels, grid, threads);
  }

  CropLine line(std::ptrdiff_t x, std::ptrdiff_t y) const {
    const double i = static_cast<double>(x), j = static_cast<double>(y);
    const auto fx = static_cast<double>(x_.factor), fy = static_cast<double>(y_.factor);
    const double px = m_[0] * i + m_[1] * j + m_[2] - static_cast<double>(x_.start);
    const double py = m_[3] * i + m_[4] * j + m_[5] - static_cast<double>(y_.start);
    return {static_cast<float>((px + 0.5) / fx - 0.5), static_cast<float>((py + 0.5) / fy - 0.5),
            static_cast<float>(m_[0] / fx), static_cast<float>(m_[3] / fy)};
  }

  Source<std::uint8_t> source = {};

 private:
  void average(const CropKernels& kernels, const SampleGrid& grid, int threads) {
    const int arrays = grid.data[1] == nullptr ? 1 : 2;
    const std::ptrdiff_t channels = grid.channels * arrays;
    const std::ptrdiff_t width = x_.blocks(), height = y_.blocks();
    const std::ptrdiff_t values = x_.length * grid.channels;
    const double cost = static_cast<double>(values) * static_cast<double>(y_.length) * arrays * 0.2;
    const std::ptrdiff_t strips = threads_for(threads, cost);
    pixels_.reset(new std::uint8_t[static_cast<std::size_t>(width * height * channels)]);
    const std::unique_ptr<std::int32_t[]> sums(
        new std::int32_t[static_cast<std::size_t>(values * strips)]);
    parallel_for(strips, static_cast<int>(strips), [&](std::ptrdiff_t strip) {
      for (std::ptrdiff_t j = height * strip / strips; j < height * (strip + 1) / strips; ++j) {
        for (int array = 0; array < arrays; ++array) {
          std::uint8_t* out = pixels_.get() + j * width * channels + array;
          average_row(kernels, grid, array, j, sums.get() + strip * values, out, channels);
        }
      }
    });
    source = {pixels_.get(), width, height, channels, width * channels};
  }

  void average_row(const CropKernels& kernels, const SampleGrid& grid, int array, std::ptrdiff_t j,
                   std::int32_t* sums, std::uint8_t* out, std::ptrdiff_t out_step) const {
    const std::ptrdiff_t values = x_.length * grid.channels;
    const std::ptrdiff_t top = y_.start + j * y_.factor;
    const std::ptrdiff_t bottom = std::min(top + y_.factor, y_.start + y_.length);
    const bool whole = bottom - top == y_.factor;
    const std::ptrdiff_t step = whole ? y_.step : 1;
    std::fill(sums, sums + values, 0);
    int rows = 0;
    for (std::ptrdiff_t y = top + step / 2; y < bottom; y += step, ++rows) {
      const std::ptrdiff_t at = y * grid.row_stride[array] + x_.start * grid.channels;
      const void* data = grid.data[array];
      switch (grid.type) {
        case SampleType::u8:
          kernels.add_u8(static_cast<const std::uint8_t*>(data) + at, values, sums);
          break;
        case SampleType::u16:
          kernels.add_u16(static_cast<const std::uint16_t*>(data) + at, values, sums);
          break;
        case SampleType::f32:
          kernels.add_f32(static_cast<const float*>(data) + at, values, sums);
          break;
      }
    }
    kernels.shrink({x_.length, grid.channels, x_.factor, x_.step, level_ / static_cast<float>(rows)},
                   sums, out, out_step);
  }

 public:
  void set_bits(int bits) { level_ = 1.0f / static_cast<float>(1 << (bits - 8)); }

 private:
  Axis x_ = {}, y_ = {};
  double m_[6] = {};
  float level_ = 1;  // levels of 8 bits a unit of the samples
  std::unique_ptr<std::uint8_t[]> pixels_;
};

// Picture pixels an output pixel: along the denser of the view's axes.
double scale_of(const CropView& view) {
  const double* m = view.matrix;
  for (int k = 0; k < 6; ++k) {
    if (!std::isfinite(m[k])) reject("matrix", k, "finite numbers", m[k]);
  }
  const double scale = std::min(std::hypot(m[0], m[3]), std::hypot(m[1], m[4]));
  if (!(scale > 0)) throw std::invalid_argument("matrix: expected axes longer than 0, got a flat one");
  return scale;
}

void finish(const CropKernels& kernels, const CropColors& colors, const std::uint8_t* first,
            const std::uint8_t* second, std::ptrdiff_t n, std::uint8_t* out) {
  kernels.finish_u8(colors, first, second, n, out);
}
void finish(const CropKernels& kernels, const CropColors& colors, const std::uint8_t* first,
            const std::uint8_t* second, std::ptrdiff_t n, float* out) {
  kernels.finish_f32(colors, first, second, n, out);
}

template <typename Fill, typename T>
void read(const CropPicture& picture, const CropView& view, float scale, float shift, T* out,
          int threads, Fill CropKernels::*fill) {
  const double reduction = scale_of(view);
  if (view.width == 0 || view.height == 0) return;
  const CropKernels& kernels = CVFAST_PICK(crop_kernels);
  Window windows[2];
  for (int g = 0; g < picture.grid_count; ++g) {
    if (picture.grids[g].type == SampleType::u16) windows[g].set_bits(picture.bits);
    windows[g].read(kernels, picture.grids[g], view, reduction, threads);
  }
  CropColors colors = {picture.grids[0].channels, {}, {}, scale, shift};
  std::copy(picture.to_rgb, picture.to_rgb + 9, colors.to_rgb);
  std::copy(picture.black, picture.black + 3, colors.black);
  const bool paired = picture.grid_count == 2;
  const auto right = static_cast<float>(static_cast<double>(picture.width) - 0.5);
  const auto bottom = static_cast<float>(static_cast<double>(picture.height) - 0.5);
  const double pixels = static_cast<double>(view.width) * static_cast<double>(view.height);
  parallel_for(view.height, threads_for(threads, pixels * 4), [&](std::ptrdiff_t y) {
    alignas(64) std::uint8_t first[kBlock * 3];
    alignas(64) std::uint8_t second[kBlock * 2];
    for (std::ptrdiff_t x = 0; x < view.width; x += kBlock) {
      const std::ptrdiff_t n = std::min(view.width - x, kBlock);
      T* to = out + (y * view.width + x) * 3;
      kernels.sample(windows[0].source, windows[0].line(x, y), n, first);
      if (paired) kernels.sample(windows[1].source, windows[1].line(x, y), n, second);
      finish(kernels, colors, first, paired ? second : nullptr, n, to);
      if (view.fill < 0) continue;
      const double* m = view.matrix;
      const double i = static_cast<double>(x), j = static_cast<double>(y);
      const CropLine line = {static_cast<float>(m[0] * i + m[1] * j + m[2]),
                             static_cast<float>(m[3] * i + m[4] * j + m[5]),
                             static_cast<float>(m[0]), static_cast<float>(m[3])};
      (kernels.*fill)(line, right, bottom, n, static_cast<float>(view.fill) * scale + shift, to);
    }
  });
}

}  // namespace

void read_crop(const CropPicture& picture, const CropView& view, std::uint8_t* out, int threads) {
  read(picture, view, 1.0f, 0.0f, out, threads, &CropKernels::fill_u8);
}

void read_crop(const CropPicture& picture, const CropView& view, float scale, float shift,
               float* out, int threads) {
  read(picture, view, scale, shift, out, threads, &CropKernels::fill_f32);
}

}  // namespace cvfast
