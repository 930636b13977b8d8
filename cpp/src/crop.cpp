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
  const auto start =
      static_cast<std::ptrdiff_t>(std::clamp(std::floor(low + 0.5) - margin, 0.0, last));
  const auto end = static_cast<std::ptrdiff_t>(std::clamp(std::ceil(high) + margin, 0.0, last));
  return {start, std::max(end, start) - start + 1, factor, step};
}

// The part of a grid that a view needs, averaged over blocks, with where it lies.
class Window {
 public:
  Window() = default;

  void read(const CropKernels& kernels, const SampleGrid& grid, int bits, const CropView& view,
            double scale, int threads) {
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
    average(kernels, grid, bits, threads);
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
  void average(const CropKernels& kernels, const SampleGrid& grid, int bits, int threads) {
    const int arrays = grid.data[1] == nullptr ? 1 : 2;
    const std::ptrdiff_t channels = grid.channels * arrays;
    const std::ptrdiff_t width = x_.blocks(), height = y_.blocks();
    const std::ptrdiff_t values = x_.length * grid.channels;
    const double cost = static_cast<double>(values) * static_cast<double>(y_.length) * arrays * 0.1;
    const std::ptrdiff_t strips = threads_for(threads, cost);
    pixels_.reset(new std::uint8_t[static_cast<std::size_t>(width * height * channels)]);
    const std::unique_ptr<std::uint16_t[]> sums(
        new std::uint16_t[static_cast<std::size_t>(values * 2 * strips)]);
    const std::unique_ptr<std::uint8_t[]> pairs(
        new std::uint8_t[static_cast<std::size_t>(arrays == 2 ? width * 2 * strips : 0)]);
    parallel_for(strips, static_cast<int>(strips), [&](std::ptrdiff_t strip) {
      std::uint16_t* own = sums.get() + strip * values * 2;
      std::uint8_t* pair = pairs.get() + strip * width * 2;
      for (std::ptrdiff_t j = height * strip / strips; j < height * (strip + 1) / strips; ++j) {
        std::uint8_t* out = pixels_.get() + j * width * channels;
        for (int array = 0; array < arrays; ++array) {
          const SampleRows rows = block_rows(grid, array, j, bits);
          kernels.sum_rows(rows, own);
          kernels.shrink({x_.length, grid.channels, x_.factor, x_.step, rows.count}, own,
                         own + values, arrays == 2 ? pair + array * width : out);
        }
        if (arrays == 2) kernels.pair_up(pair, pair + width, width, out);
      }
    });
    source = {pixels_.get(), width, height, channels, width * channels};
  }

  // The rows that count in row j of blocks.
  SampleRows block_rows(const SampleGrid& grid, int array, std::ptrdiff_t j, int bits) const {
    const std::ptrdiff_t top = j * y_.factor, length = std::min(y_.factor, y_.length - top);
    const std::ptrdiff_t skipped = std::min(y_.step / 2, length - 1);
    const std::ptrdiff_t stride = grid.row_stride[array], first = y_.start + top + skipped;
    const std::ptrdiff_t at = first * stride + x_.start * grid.channels;
    SampleRows rows = {nullptr,
                       nullptr,
                       nullptr,
                       y_.step * stride,
                       (length - skipped + y_.step - 1) / y_.step,
                       x_.length * grid.channels,
                       bits - 8};
    switch (grid.type) {
      case SampleType::u8: rows.u8 = static_cast<const std::uint8_t*>(grid.data[array]) + at; break;
      case SampleType::u16:
        rows.u16 = static_cast<const std::uint16_t*>(grid.data[array]) + at;
        break;
      case SampleType::f32: rows.f32 = static_cast<const float*>(grid.data[array]) + at; break;
    }
    return rows;
  }

  Axis x_ = {}, y_ = {};
  double m_[6] = {};
  std::unique_ptr<std::uint8_t[]> pixels_;
};

// Picture pixels an output pixel: along the denser of the view's axes.
double scale_of(const CropView& view) {
  const double* m = view.matrix;
  for (int k = 0; k < 6; ++k) {
    if (!std::isfinite(m[k])) reject("matrix", k, "finite numbers", m[k]);
  }
  const double scale = std::min(std::hypot(m[0], m[3]), std::hypot(m[1], m[4]));
  if (!(scale > 0))
    throw std::invalid_argument("matrix: expected axes longer than 0, got a flat one");
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
          int threads, Fill CropKernels::* fill) {
  const double reduction = scale_of(view);
  if (view.width == 0 || view.height == 0) return;
  const CropKernels& kernels = CVFAST_PICK(crop_kernels);
  Window windows[2];
  for (int g = 0; g < picture.grid_count; ++g) {
    windows[g].read(kernels, picture.grids[g], picture.bits, view, reduction, threads);
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
