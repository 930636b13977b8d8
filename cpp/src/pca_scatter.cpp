#include <algorithm>
#include <cstring>

#include "cvfast/parallel.h"
#include "cvfast/pca.h"
#include "pca_tiles.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr std::ptrdiff_t kGroup = 96;  // items packed and multiplied as one: 8 to 16 tiles
constexpr std::ptrdiff_t kMeanColumns = 1024;
constexpr std::uint32_t kSignBits = 0x80808080u;  // a word of x - 128 instead of x
constexpr double kProductsPerNanosecond = 80;

bool has_vnni() {
#if defined(CVFAST_X86_ISAS)
  return active_isa() == Isa::v4 && __builtin_cpu_supports("avx512vnni");
#else
  return false;
#endif
}

// The sums of a tile lie on as many pages as it has rows, which the hardware does not foresee:
// asked for before the tile is multiplied they cost nothing (2000 x 16384: 25 ms less).
inline void prefetch(const double* values, std::ptrdiff_t count) {
#if defined(__GNUC__)
  for (std::ptrdiff_t i = 0; i < count; i += 8) __builtin_prefetch(values + i, 1);
  __builtin_prefetch(values + count - 1, 1);
#else
  (void)values, (void)count;
#endif
}

// An item is a sample or a column, its depth runs over the other. Per step of depth all items are
// packed twice, as tiles of the left factor and panels of the right one; then groups of items
// multiply. Each product has its place in `out` and its steps follow in order, so the threads
// cannot change a byte.
template <typename T>
class Scatter {
 public:
  using Word = std::conditional_t<sizeof(T) == 1, std::uint32_t, float>;
  static constexpr std::ptrdiff_t kPerWord = sizeof(T) == 1 ? 4 : 1;

  Scatter(const Samples<T>& x, const float* mean, ScatterSide side, double* out)
      : kernels_(CVFAST_PICK(pca_kernels)),
        x_(x),
        mean_(mean),
        by_samples_(side == ScatterSide::samples),
        items_(by_samples_ ? x.count : x.columns),
        depth_(by_samples_ ? x.columns : x.count),
        groups_(ceil_div(items_, kGroup)),
        panel_(2 * kernels_.lanes),
        signed_(sizeof(T) == 1 && has_vnni() && kernels_.product_u8s8 != nullptr),
        flip_(signed_ ? kSignBits : 0),
        left_(aligned<Word>(groups_ * kGroup * kTileStride)),
        right_(aligned<Word>(groups_ * kGroup * kTileDepth)),
        out_(out) {}

  void run(int threads) {
    std::fill(out_, out_ + items_ * items_, 0.0);
    const std::ptrdiff_t pairs = groups_ * (groups_ + 1) / 2;
    for (std::ptrdiff_t d0 = 0; d0 < depth_; d0 += kTileDepth * kPerWord) {
      const std::ptrdiff_t depth = std::min(kTileDepth * kPerWord, depth_ - d0);
      const std::ptrdiff_t words = ceil_div(depth, kPerWord);
      parallel_for(groups_, threads,
                   [&](std::ptrdiff_t group) { pack(group * kGroup, d0, depth, words); });
      parallel_for(pairs, threads, [&](std::ptrdiff_t pair) {
        auto i =
            static_cast<std::ptrdiff_t>((std::sqrt(8.0 * static_cast<double>(pair) + 1) - 1) / 2);
        while (i * (i + 1) / 2 > pair) --i;
        while ((i + 1) * (i + 2) / 2 <= pair) ++i;
        multiply(i * kGroup, (pair - i * (i + 1) / 2) * kGroup, words);
      });
    }
  }

  // What the signed panels left out: 128 times the sum of the row's item.
  std::ptrdiff_t offset() const { return signed_ ? 128 : 0; }

 private:
  Word* right_panel(std::ptrdiff_t first) const { return right_.get() + first * kTileDepth; }

  void pack(std::ptrdiff_t first, std::ptrdiff_t d0, std::ptrdiff_t depth, std::ptrdiff_t words) {
    if (by_samples_) {
      for (std::ptrdiff_t i = first; i < std::min(first + kGroup, items_); ++i) {
        pack_sample(i, d0, depth, words);
      }
    }
    for (std::ptrdiff_t c = first; c < first + kGroup && c < items_; c += panel_) {
      const std::ptrdiff_t n = std::min(panel_, items_ - c);
      if (by_samples_) {
        left_to_right(c, n, words);
      } else {
        pack_columns(c, n, d0, depth, words);
        right_to_left(c, n, words);
      }
    }
  }

  void pack_sample(std::ptrdiff_t i, std::ptrdiff_t d0, std::ptrdiff_t depth,
                   std::ptrdiff_t words) {
    Word* to = left_.get() + i * kTileStride;
    if constexpr (sizeof(T) == 1) {
      to[words - 1] = 0;
      std::memcpy(to, x_.row(i) + d0, static_cast<std::size_t>(depth));
    } else {
      kernels_.center_f32(x_.row(i) + d0, mean_ + d0, depth, to);
    }
  }

  // One word a column: a centred value, or the bytes of four samples.
  void pack_columns(std::ptrdiff_t first, std::ptrdiff_t n, std::ptrdiff_t d0, std::ptrdiff_t depth,
                    std::ptrdiff_t words) {
    Word* to = right_panel(first);
    for (std::ptrdiff_t p = 0; p < words; ++p, to += panel_) {
      std::fill(to + n, to + panel_, Word{0});
      if constexpr (sizeof(T) == 1) {
        const std::uint8_t none[kMostPanel] = {};
        const std::uint8_t* rows[4];
        for (std::ptrdiff_t q = 0; q < 4; ++q) {
          rows[q] = 4 * p + q < depth ? x_.row(d0 + 4 * p + q) + first : none;
        }
        kernels_.interleave_u8(rows, n, to);
      } else {
        kernels_.center_f32(x_.row(d0 + p) + first, mean_ + first, n, to);
      }
    }
  }

  // Both ways 64 words at a time, so that the strided side stays in the first-level cache.
  void left_to_right(std::ptrdiff_t first, std::ptrdiff_t n, std::ptrdiff_t words) {
    const Word* from = left_.get() + first * kTileStride;
    Word* to = right_panel(first);
    for (std::ptrdiff_t p = 0; p < words; p += 64) {
      const std::ptrdiff_t count = std::min<std::ptrdiff_t>(64, words - p);
      kernels_.transpose(bits(from + p), kTileStride, n, count, flip_, bits(to + p * panel_),
                         panel_);
    }
    if (n == panel_) return;
    for (std::ptrdiff_t p = 0; p < words; ++p) {
      std::fill(to + p * panel_ + n, to + (p + 1) * panel_, Word{0});
    }
  }

  void right_to_left(std::ptrdiff_t first, std::ptrdiff_t n, std::ptrdiff_t words) {
    Word* from = right_panel(first);
    Word* to = left_.get() + first * kTileStride;
    for (std::ptrdiff_t p = 0; p < words; p += 64) {
      const std::ptrdiff_t count = std::min<std::ptrdiff_t>(64, words - p);
      kernels_.transpose(bits(from + p * panel_), panel_, count, n, 0, bits(to + p), kTileStride);
    }
    if constexpr (sizeof(T) == 1) {
      for (std::ptrdiff_t i = 0; i < words * panel_; ++i) from[i] ^= flip_;
    }
  }

  static const std::uint32_t* bits(const Word* words) {
    return reinterpret_cast<const std::uint32_t*>(words);
  }
  static std::uint32_t* bits(Word* words) { return reinterpret_cast<std::uint32_t*>(words); }

  // The items from `row` times those from `column`, as far as they lie on or under the diagonal.
  void multiply(std::ptrdiff_t row, std::ptrdiff_t column, std::ptrdiff_t words) {
    for (std::ptrdiff_t r = row; r < row + kGroup && r < items_; r += kernels_.tile_rows) {
      const std::ptrdiff_t rows = std::min(kernels_.tile_rows, items_ - r);
      const std::ptrdiff_t end = std::min(column + kGroup, r + rows);
      for (std::ptrdiff_t c = column; c < end; c += panel_) {
        add_products(left_.get() + r * kTileStride, right_panel(c), words, rows,
                     std::min(panel_, items_ - c), out_ + r * items_ + c);
      }
    }
  }

  // Rows of the tile past the last item hold whatever was there: they are not added.
  void add_products(const std::uint32_t* left, const std::uint32_t* right, std::ptrdiff_t words,
                    std::ptrdiff_t rows, std::ptrdiff_t columns, double* out) const {
    alignas(64) std::int32_t tile[kMostTileRows * kMostPanel];
    for (std::ptrdiff_t r = 0; r < rows; ++r) prefetch(out + r * items_, columns);
    (signed_ ? kernels_.product_u8s8 : kernels_.product_u8)(left, right, words, tile);
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
      kernels_.accumulate_i32(tile + r * panel_, columns, out + r * items_);
    }
  }

  void add_products(const float* left, const float* right, std::ptrdiff_t words,
                    std::ptrdiff_t rows, std::ptrdiff_t columns, double* out) const {
    alignas(64) float tile[kMostTileRows * kMostPanel];
    alignas(64) double sums[kMostTileRows * kMostPanel] = {};
    for (std::ptrdiff_t r = 0; r < rows; ++r) prefetch(out + r * items_, columns);
    for (std::ptrdiff_t p = 0; p < words; p += kFloatDepth) {
      kernels_.product_f32(left + p, right + p * panel_, panel_, std::min(kFloatDepth, words - p),
                           rows, 2, tile);
      kernels_.accumulate_f32(tile, rows * panel_, sums);
    }
    for (std::ptrdiff_t r = 0; r < rows; ++r) {
      kernels_.accumulate_f64(sums + r * panel_, columns, out + r * items_);
    }
  }

  const PcaKernels& kernels_;
  const Samples<T>& x_;
  const float* mean_;
  bool by_samples_;
  std::ptrdiff_t items_, depth_, groups_, panel_;
  bool signed_;
  std::uint32_t flip_;
  Aligned<Word> left_, right_;
  double* out_;
};

template <typename T>
double nanoseconds(const Samples<T>& x, ScatterSide side) {
  const auto n = static_cast<double>(x.count), d = static_cast<double>(x.columns);
  return n * d * (side == ScatterSide::samples ? n : d) / kProductsPerNanosecond;
}

// Sums of the rows of a symmetric matrix of which only the lower triangle is there.
template <typename Sum>
std::vector<Sum> row_sums(const double* lower, std::ptrdiff_t n) {
  std::vector<Sum> sums(static_cast<std::size_t>(n), Sum{0});
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    Sum sum{0};
    for (std::ptrdiff_t j = 0; j < i; ++j) {
      const auto value = static_cast<Sum>(lower[i * n + j]);
      sum += value;
      sums[static_cast<std::size_t>(j)] += value;
    }
    sums[static_cast<std::size_t>(i)] += sum + static_cast<Sum>(lower[i * n + i]);
  }
  return sums;
}

// out_ij - m_i - m_j + M with the means m of the rows and M of all, which is c c^T if out is x x^T.
// Whole is an integer where out is: then quotients and remainders keep it exact until the end.
template <typename Whole>
void center_samples(double* out, std::ptrdiff_t n, int threads) {
  const std::vector<Whole> sums = row_sums<Whole>(out, n);
  std::vector<Whole> whole(sums.size());
  std::vector<double> rest(sums.size());
  Whole all{0};
  double all_rest = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if constexpr (std::is_integral_v<Whole>) {
      whole[i] = sums[i] / static_cast<Whole>(n);
      rest[i] = static_cast<double>(sums[i] % static_cast<Whole>(n)) / static_cast<double>(n);
    } else {
      whole[i] = sums[i] / static_cast<double>(n);
    }
    all += whole[i];
    all_rest += rest[i];
  }
  Whole mean = all / static_cast<Whole>(n);
  double mean_rest = all_rest / static_cast<double>(n);
  if constexpr (std::is_integral_v<Whole>) {
    mean_rest += static_cast<double>(all % static_cast<Whole>(n)) / static_cast<double>(n);
  }
  parallel_for(n, threads, [&](std::ptrdiff_t i) {
    const auto r = static_cast<std::size_t>(i);
    for (std::size_t j = 0; j <= r; ++j) {
      double& value = out[r * static_cast<std::size_t>(n) + j];
      const Whole kept = static_cast<Whole>(value) - whole[r] - whole[j] + mean;
      value = static_cast<double>(kept) + (mean_rest - rest[r] - rest[j]);
    }
  });
}

std::vector<std::int64_t> byte_sums(const Samples<std::uint8_t>& x, ScatterSide side, int threads) {
  const PcaKernels& kernels = CVFAST_PICK(pca_kernels);
  const bool by_samples = side == ScatterSide::samples;
  std::vector<std::int64_t> sums(static_cast<std::size_t>(by_samples ? x.count : x.columns), 0);
  if (by_samples) {
    parallel_for(x.count, threads, [&](std::ptrdiff_t i) {
      std::int64_t sum = 0;
      for (std::ptrdiff_t j = 0; j < x.columns; ++j) sum += x.row(i)[j];
      sums[static_cast<std::size_t>(i)] = sum;
    });
    return sums;
  }
  parallel_for(ceil_div(x.columns, kMeanColumns), threads, [&](std::ptrdiff_t block) {
    const std::ptrdiff_t first = block * kMeanColumns;
    const std::ptrdiff_t n = std::min(kMeanColumns, x.columns - first);
    std::uint32_t part[kMeanColumns] = {};
    for (std::ptrdiff_t i = 0; i < x.count; ++i) {
      kernels.sum_u8(x.row(i) + first, n, part);
      if (i + 1 < x.count && (i + 1) % (1 << 24) != 0) continue;  // 255 * 2^24 fits 32 bits
      for (std::ptrdiff_t j = 0; j < n; ++j) {
        sums[static_cast<std::size_t>(first + j)] += part[j];
        part[j] = 0;
      }
    }
  });
  return sums;
}

// out_ij - s_i s_j / count, exact but for the product of the sums' remainders, which is small.
void center_columns(double* out, const std::vector<std::int64_t>& sums, std::int64_t count,
                    int threads) {
  const std::size_t d = sums.size();
  parallel_for(static_cast<std::ptrdiff_t>(d), threads, [&](std::ptrdiff_t row) {
    const auto i = static_cast<std::size_t>(row);
    const std::int64_t q = sums[i] / count, r = sums[i] % count;
    const double scaled = static_cast<double>(r) / static_cast<double>(count);
    for (std::size_t j = 0; j <= i; ++j) {
      const std::int64_t other = sums[j] / count, rest = sums[j] - other * count;
      const std::int64_t kept = static_cast<std::int64_t>(out[i * d + j]) - q * sums[j] - r * other;
      out[i * d + j] = static_cast<double>(kept) - scaled * static_cast<double>(rest);
    }
  });
}

double estimated_pass(double count, double columns) { return count * columns / 4; }

}  // namespace

void column_means(const Samples<std::uint8_t>& x, double* mean, int threads) {
  const int count = threads_for(
      threads, estimated_pass(static_cast<double>(x.count), static_cast<double>(x.columns)));
  const std::vector<std::int64_t> sums = byte_sums(x, ScatterSide::columns, count);
  for (std::size_t j = 0; j < sums.size(); ++j) {
    mean[j] = static_cast<double>(sums[j]) / static_cast<double>(x.count);
  }
}

void column_means(const Samples<float>& x, double* mean, int threads) {
  const PcaKernels& kernels = CVFAST_PICK(pca_kernels);
  const int count = threads_for(
      threads, estimated_pass(static_cast<double>(x.count), static_cast<double>(x.columns)));
  parallel_for(ceil_div(x.columns, kMeanColumns), count, [&](std::ptrdiff_t block) {
    const std::ptrdiff_t first = block * kMeanColumns;
    const std::ptrdiff_t n = std::min(kMeanColumns, x.columns - first);
    std::fill(mean + first, mean + first + n, 0.0);
    for (std::ptrdiff_t i = 0; i < x.count; ++i) {
      kernels.sum_f32(x.row(i) + first, n, mean + first);
    }
    for (std::ptrdiff_t j = 0; j < n; ++j) mean[first + j] /= static_cast<double>(x.count);
  });
  // A double holds any sum of floats, so only a value that is not finite gives such a mean.
  for (std::ptrdiff_t j = 0; j < x.columns; ++j) {
    if (!std::isfinite(mean[j])) reject_not_finite(x);
  }
}

void scatter(const Samples<std::uint8_t>& x, const double* /*mean*/, ScatterSide side, double* out,
             int threads) {
  const int count = threads_for(threads, nanoseconds(x, side));
  Scatter<std::uint8_t> products(x, nullptr, side, out);
  products.run(count);
  const std::vector<std::int64_t> sums = byte_sums(x, side, count);
  const std::size_t n = sums.size();
  if (products.offset() != 0) {
    parallel_for(static_cast<std::ptrdiff_t>(n), count, [&](std::ptrdiff_t row) {
      const auto i = static_cast<std::size_t>(row);
      const auto add = static_cast<double>(products.offset() * sums[i]);
      for (std::size_t j = 0; j <= i; ++j) out[i * n + j] += add;
    });
  }
  if (side == ScatterSide::samples) {
    center_samples<std::int64_t>(out, x.count, count);
  } else {
    center_columns(out, sums, x.count, count);
  }
}

void scatter(const Samples<float>& x, const double* mean, ScatterSide side, double* out,
             int threads) {
  const int count = threads_for(threads, nanoseconds(x, side));
  const std::vector<float> high = rounded(mean, x.columns);
  Scatter<float>(x, high.data(), side, out).run(count);
  // The mean as a float left a little of itself behind.
  if (side == ScatterSide::samples) {
    center_samples<double>(out, x.count, count);
    return;
  }
  const auto d = static_cast<std::size_t>(x.columns);
  parallel_for(x.columns, count, [&](std::ptrdiff_t row) {
    const auto i = static_cast<std::size_t>(row);
    const double left = (mean[i] - static_cast<double>(high[i])) * static_cast<double>(x.count);
    for (std::size_t j = 0; j <= i; ++j) {
      out[i * d + j] -= left * (mean[j] - static_cast<double>(high[j]));
    }
  });
}

}  // namespace cvfast
