#include "cvfast/pca.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "cvfast/parallel.h"
#include "pca_tiles.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr double kProductsPerNanosecond = 80;
constexpr double kBytesPerNanosecond = 10;
constexpr std::ptrdiff_t kColumnBlock = 384;  // columns that are combined at a time
constexpr std::ptrdiff_t kFewRows = 4;        // up to which packing costs more than it saves
constexpr std::ptrdiff_t kFewColumns = 4096, kFewDepth = 8;
constexpr std::ptrdiff_t kPackedFloats = 1 << 18;  // 1 MiB of them stay in the second-level cache

bool all_finite(const Samples<float>& x) {
  for (std::ptrdiff_t i = 0; i < x.count; ++i) {
    for (std::ptrdiff_t j = 0; j < x.columns; ++j) {
      if (!std::isfinite(x.row(i)[j])) return false;
    }
  }
  return true;
}

// One block of columns of weights * x: packs the columns, then runs over the rows of weights.
// finish(row, columns) takes each finished row of sums.
template <typename T>
class ColumnBlock {
 public:
  ColumnBlock(const PcaKernels& kernels, const Samples<T>& x, const float* mean,
              std::ptrdiff_t first, std::ptrdiff_t columns)
      : kernels_(kernels),
        depth_(x.count),
        panel_(2 * kernels.lanes),
        columns_(columns),
        packed_(aligned<float>(ceil_div(columns, panel_) * panel_ * x.count)) {
    for (std::ptrdiff_t p = 0; p < depth_; ++p) {
      for (std::ptrdiff_t c = 0; c < columns; c += panel_) {
        const std::ptrdiff_t n = std::min(panel_, columns - c);
        float* to = packed_.get() + c * depth_ + p * panel_;
        finite_ &= center(kernels_, x.row(p) + first + c, mean + first + c, n, to);
        std::fill(to + n, to + panel_, 0.0f);
      }
    }
  }

  bool finite() const { return finite_; }

  template <typename Finish>
  bool run(const Samples<float>& weights, const Finish& finish) const {
    alignas(64) float left[kMostTileRows * kTileStride];
    alignas(64) float tile[kMostTileRows * kMostPanel];
    alignas(64) float sums[kMostTileRows * kColumnBlock];
    const std::vector<float> zeros(static_cast<std::size_t>(kFloatDepth), 0.0f);
    bool finite = true;
    for (std::ptrdiff_t r0 = 0; r0 < weights.count; r0 += kernels_.tile_rows) {
      const std::ptrdiff_t rows = std::min(kernels_.tile_rows, weights.count - r0);
      for (std::ptrdiff_t p0 = 0; p0 < depth_; p0 += kFloatDepth) {
        const std::ptrdiff_t depth = std::min(kFloatDepth, depth_ - p0);
        for (std::ptrdiff_t r = 0; r < rows; ++r) {
          finite &= center(kernels_, weights.row(r0 + r) + p0, zeros.data(), depth,
                           left + r * kTileStride);
        }
        const auto merge = p0 == 0 ? kernels_.store_tile : kernels_.add_tile;
        for (std::ptrdiff_t c = 0; c < columns_; c += panel_) {
          kernels_.product_f32(left, packed_.get() + c * depth_ + p0 * panel_, panel_, depth, rows,
                               2, tile);
          merge(tile, panel_, rows, std::min(panel_, columns_ - c), sums + c, kColumnBlock);
        }
      }
      for (std::ptrdiff_t r = 0; r < rows; ++r) finish(r0 + r, sums + r * kColumnBlock);
    }
    return finite;
  }

 private:
  const PcaKernels& kernels_;
  std::ptrdiff_t depth_, panel_, columns_;
  Aligned<float> packed_;
  bool finite_ = true;
};

// weights * (x - mean) by blocks of columns, which are independent of each other.
template <typename T, typename Finish>
void multiply(const Samples<float>& weights, const Samples<T>& x, const float* mean, int threads,
              const Finish& finish) {
  const PcaKernels& kernels = CVFAST_PICK(pca_kernels);
  const std::ptrdiff_t panel = 2 * kernels.lanes;
  const std::ptrdiff_t fitting = kPackedFloats / std::max<std::ptrdiff_t>(x.count, 1);
  const std::ptrdiff_t width = std::clamp(fitting / panel * panel, 2 * panel, kColumnBlock);
  const double area = static_cast<double>(x.count) * static_cast<double>(x.columns);
  const int count =
      threads_for(threads, area * (static_cast<double>(weights.count) / kProductsPerNanosecond +
                                   4 / kBytesPerNanosecond));
  std::atomic<bool> finite{true}, memory{true};
  parallel_for(ceil_div(x.columns, width), count, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t first = i * width, columns = std::min(width, x.columns - first);
    try {
      const ColumnBlock<T> block(kernels, x, mean, first, columns);
      const bool good = block.run(weights, [&](std::ptrdiff_t row, const float* sums) {
        finish(kernels, row, first, columns, sums);
      });
      if (!good || !block.finite()) finite.store(false, std::memory_order_relaxed);
    } catch (const std::bad_alloc&) {
      memory.store(false, std::memory_order_relaxed);
    }
  });
  if (!memory) throw std::bad_alloc();
  if (!finite) {
    if (!all_finite(weights)) reject_not_finite(weights);
    reject_not_finite(x);
  }
}

template <typename T>
void combine_any(const Samples<float>& weights, const Samples<T>& x, const double* mean, float* out,
                 int threads) {
  const std::vector<float> high = rounded(mean, x.columns);
  multiply(weights, x, high.data(), threads,
           [&](const PcaKernels&, std::ptrdiff_t row, std::ptrdiff_t first, std::ptrdiff_t columns,
               const float* sums) {
             std::memcpy(out + row * x.columns + first, sums,
                         static_cast<std::size_t>(columns) * sizeof(float));
           });
}

void finish(const PcaKernels& kernels, const float* sums, const float* mean, std::ptrdiff_t n,
            float* out) {
  kernels.finish_f32(sums, mean, n, out);
}
void finish(const PcaKernels& kernels, const float* sums, const float* mean, std::ptrdiff_t n,
            std::uint8_t* out) {
  kernels.finish_u8(sums, mean, n, out);
}

// The same bytes as multiply's for a few rows, without packing: each row's sums of a block of
// columns stay in the first-level cache while the components stream by.
template <typename Finish>
void multiply_few(const Samples<float>& scores, const Samples<float>& components, int threads,
                  const Finish& finish) {
  const PcaKernels& kernels = CVFAST_PICK(pca_kernels);
  const double area =
      static_cast<double>(components.count) * static_cast<double>(components.columns);
  const int count = threads_for(threads, area * 4 / kBytesPerNanosecond);
  std::atomic<bool> finite{true};
  parallel_for(ceil_div(components.columns, kFewColumns), count, [&](std::ptrdiff_t block) {
    const std::ptrdiff_t first = block * kFewColumns;
    const std::ptrdiff_t n = std::min(kFewColumns, components.columns - first);
    alignas(64) float sums[kFewRows * kFewColumns], part[kFewRows * kFewColumns];
    for (std::ptrdiff_t p0 = 0; p0 < components.count; p0 += kFloatDepth) {
      const std::ptrdiff_t depth = std::min(kFloatDepth, components.count - p0);
      float* to = p0 == 0 ? sums : part;
      std::fill(to, to + scores.count * kFewColumns, 0.0f);
      for (std::ptrdiff_t p = p0; p < p0 + depth; p += kFewDepth) {
        for (std::ptrdiff_t r = 0; r < scores.count; ++r) {
          kernels.product_row_f32(scores.row(r) + p, components.row(p) + first, components.stride,
                                  std::min(kFewDepth, p0 + depth - p), n, to + r * kFewColumns);
        }
      }
      if (p0 > 0) kernels.add_tile(part, kFewColumns, scores.count, n, sums, kFewColumns);
    }
    bool good = true;
    for (std::ptrdiff_t r = 0; r < scores.count; ++r) {
      const float* row = sums + r * kFewColumns;
      good &= kernels.center_f32(row, row, n, part);
      finish(kernels, r, first, n, row);
    }
    if (!good) finite.store(false, std::memory_order_relaxed);
  });
  // Finite factors may give an infinite sum.
  if (finite) return;
  if (!all_finite(scores)) reject_not_finite(scores);
  if (!all_finite(components)) reject_not_finite(components);
}

template <typename T>
void reconstruct_any(const Samples<float>& scores, const Samples<float>& components,
                     const double* mean, T* out, int threads) {
  const std::vector<float> high = rounded(mean, components.columns);
  const auto finish_row = [&](const PcaKernels& kernels, std::ptrdiff_t row, std::ptrdiff_t first,
                              std::ptrdiff_t columns, const float* sums) {
    finish(kernels, sums, high.data() + first, columns, out + row * components.columns + first);
  };
  if (scores.count <= kFewRows) {
    multiply_few(scores, components, threads, finish_row);
  } else {
    const std::vector<float> zeros(static_cast<std::size_t>(components.columns), 0.0f);
    multiply(scores, components, zeros.data(), threads, finish_row);
  }
}

}  // namespace

void combine(const Samples<float>& weights, const Samples<std::uint8_t>& x, const double* mean,
             float* out, int threads) {
  combine_any(weights, x, mean, out, threads);
}
void combine(const Samples<float>& weights, const Samples<float>& x, const double* mean, float* out,
             int threads) {
  combine_any(weights, x, mean, out, threads);
}
void reconstruct(const Samples<float>& scores, const Samples<float>& components, const double* mean,
                 float* out, int threads) {
  reconstruct_any(scores, components, mean, out, threads);
}
void reconstruct(const Samples<float>& scores, const Samples<float>& components, const double* mean,
                 std::uint8_t* out, int threads) {
  reconstruct_any(scores, components, mean, out, threads);
}

// values: per kFloatDepth columns of the data, panel after panel, two vectors of components wide
// (the last one as wide as what is left: padding would cost a single row, which memory bounds, its
// share of time), column after column. kMostPanel more are there to be read.
struct Projection::Packed {
  const PcaKernels& kernels;
  std::ptrdiff_t components, columns;
  std::vector<float> mean;   // rounded to float; `start` takes off what the rounding left
  std::vector<float> start;  // one a component: where its sum begins
  Aligned<float> values;

  template <typename T>
  void transform(const Samples<T>& x, float* out, int threads) const;
  template <typename T>
  bool run(const Samples<T>& x, std::ptrdiff_t panel0, std::ptrdiff_t panel1, float* out) const;
};

Projection::Projection(const Samples<float>& c, const double* mean) {
  const PcaKernels& kernels = CVFAST_PICK(pca_kernels);
  const std::ptrdiff_t size = c.count * c.columns;
  auto packed = std::make_unique<Packed>(Packed{
      kernels, c.count, c.columns, rounded(mean, c.columns),
      std::vector<float>(static_cast<std::size_t>(c.count)), aligned<float>(size + kMostPanel)});
  std::fill(packed->values.get() + size, packed->values.get() + size + kMostPanel, 0.0f);
  const std::ptrdiff_t panel = 2 * kernels.lanes;
  for (std::ptrdiff_t i = 0; i < c.count; ++i) {
    const float* row = c.row(i);
    double left = 0;
    for (std::ptrdiff_t j = 0; j < c.columns; ++j) {
      left += (mean[j] - static_cast<double>(packed->mean[static_cast<std::size_t>(j)])) *
              static_cast<double>(row[j]);
    }
    packed->start[static_cast<std::size_t>(i)] = static_cast<float>(-left);
    const std::ptrdiff_t panel0 = i / panel * panel, width = std::min(panel, c.count - panel0);
    for (std::ptrdiff_t p0 = 0; p0 < c.columns; p0 += kFloatDepth) {
      const std::ptrdiff_t depth = std::min(kFloatDepth, c.columns - p0);
      float* to = packed->values.get() + p0 * c.count + panel0 * depth + (i - panel0);
      for (std::ptrdiff_t p = 0; p < depth; ++p) to[p * width] = row[p0 + p];
    }
  }
  packed_ = std::move(packed);
}

Projection::~Projection() = default;
std::ptrdiff_t Projection::components() const { return packed_->components; }
std::ptrdiff_t Projection::columns() const { return packed_->columns; }

// Components panel0 * 2 vectors and on, for all rows of x; out is x's first row.
template <typename T>
bool Projection::Packed::run(const Samples<T>& x, std::ptrdiff_t panel0, std::ptrdiff_t panel1,
                             float* out) const {
  alignas(64) float left[kMostTileRows * kTileStride];
  alignas(64) float tile[kMostTileRows * kMostPanel];
  const std::ptrdiff_t lanes = kernels.lanes, panel = 2 * lanes;
  const std::ptrdiff_t first = panel0 * panel, last = std::min(panel1 * panel, components);
  for (std::ptrdiff_t r = 0; r < x.count; ++r) {
    std::copy(start.data() + first, start.data() + last, out + r * components + first);
  }
  bool finite = true;
  for (std::ptrdiff_t p0 = 0; p0 < columns; p0 += kFloatDepth) {
    const std::ptrdiff_t depth = std::min(kFloatDepth, columns - p0);
    const float* block = values.get() + p0 * components;
    for (std::ptrdiff_t r0 = 0; r0 < x.count; r0 += kernels.tile_rows) {
      const std::ptrdiff_t rows = std::min(kernels.tile_rows, x.count - r0);
      for (std::ptrdiff_t r = 0; r < rows; ++r) {
        finite &=
            center(kernels, x.row(r0 + r) + p0, mean.data() + p0, depth, left + r * kTileStride);
      }
      for (std::ptrdiff_t j = first; j < last; j += panel) {
        const std::ptrdiff_t width = std::min(panel, components - j);
        const std::ptrdiff_t vectors = ceil_div(width, lanes);
        kernels.product_f32(left, block + j * depth, width, depth, rows, vectors, tile);
        kernels.add_tile(tile, vectors * lanes, rows, width, out + r0 * components + j, components);
      }
    }
  }
  return finite;
}

template <typename T>
void Projection::Packed::transform(const Samples<T>& x, float* out, int threads) const {
  const double area = static_cast<double>(columns) * static_cast<double>(components);
  const int count = threads_for(
      threads,
      area * (static_cast<double>(x.count) / kProductsPerNanosecond + 4 / kBytesPerNanosecond));
  // Rows are independent of each other, and so are components: the split may follow the threads.
  const std::ptrdiff_t panels = ceil_div(components, 2 * kernels.lanes);
  const std::ptrdiff_t share = ceil_div(ceil_div(x.count, kernels.tile_rows), count);
  const std::ptrdiff_t row_step = std::min<std::ptrdiff_t>(share * kernels.tile_rows, 768);
  const std::ptrdiff_t row_blocks = ceil_div(x.count, row_step);
  const std::ptrdiff_t panel_step = ceil_div(panels, std::min(panels, ceil_div(count, row_blocks)));
  const std::ptrdiff_t panel_blocks = ceil_div(panels, panel_step);
  std::atomic<bool> finite{true};
  parallel_for(row_blocks * panel_blocks, count, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t r0 = i / panel_blocks * row_step, j = i % panel_blocks * panel_step;
    const Samples<T> rows = {x.row(r0), std::min(row_step, x.count - r0), x.columns, x.stride};
    if (!run(rows, j, std::min(j + panel_step, panels), out + r0 * components)) {
      finite.store(false, std::memory_order_relaxed);
    }
  });
  if (!finite) reject_not_finite(x);
}

void Projection::transform(const Samples<std::uint8_t>& x, float* out, int threads) const {
  if (x.count > 0 && components() > 0) packed_->transform(x, out, threads);
}
void Projection::transform(const Samples<float>& x, float* out, int threads) const {
  if (x.count > 0 && components() > 0) packed_->transform(x, out, threads);
}

}  // namespace cvfast
