#include "cvfast/match.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "cvfast/parallel.h"
#include "kernels/match_kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;
using View = ImageView<const std::uint8_t>;

constexpr double kNanosecondsAProduct = 0.03;

ptrdiff_t whole_blocks(ptrdiff_t n) { return (n + kMatchBlock - 1) / kMatchBlock * kMatchBlock; }

// A plane's rows, each interleaved with the next one: the form that `correlate` reads. Behind each
// row are zeros, since it works in whole blocks.
class PairedRows {
 public:
  PairedRows(const MatchKernels& kernels, View plane, int threads)
      : stride_(2 * (plane.width + kMatchBlock)),
        values_(static_cast<std::size_t>(stride_ * plane.height)) {
    const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(plane.width));
    parallel_for(plane.height, threads, [&](ptrdiff_t y) {
      const std::uint8_t* const next = y + 1 < plane.height ? plane.row(y + 1) : zeros.data();
      kernels.pair_rows(plane.row(y), next, plane.width, values_.data() + y * stride_);
    });
  }
  const std::int16_t* row(ptrdiff_t y) const { return values_.data() + y * stride_; }
  ptrdiff_t stride() const { return stride_; }

 private:
  ptrdiff_t stride_;
  std::vector<std::int16_t> values_;
};

// Weights of a template's pixels, two rows a value.
class Taps {
 public:
  template <typename WeightAt>
  Taps(ptrdiff_t width, ptrdiff_t height, const WeightAt& weight) : width_(width) {
    for (ptrdiff_t y = 0; y < height; y += 2) {
      for (ptrdiff_t x = 0; x < width; ++x) {
        const int upper = weight(x, y), lower = y + 1 < height ? weight(x, y + 1) : 0;
        values_.push_back(upper | (lower * 65536));
      }
    }
  }
  const std::int32_t* data() const { return values_.data(); }
  ptrdiff_t width() const { return width_; }
  ptrdiff_t pairs() const { return static_cast<ptrdiff_t>(values_.size()) / width_; }

 private:
  ptrdiff_t width_;
  std::vector<std::int32_t> values_;
};

void correlate(const MatchKernels& kernels, const PairedRows& plane, const Taps& taps, ptrdiff_t y,
               ptrdiff_t n, std::int32_t* out) {
  kernels.correlate(plane.row(y), plane.stride(), taps.data(), taps.width(), taps.pairs(), n, out);
}

// Sums of all pixels (and of their squares) above and left of each corner of a pixel, modulo 2^32:
// those of a window fit, and so are right.
class Integral {
 public:
  Integral(const MatchKernels& kernels, View image)
      : stride_(image.width + 1),
        sums_(static_cast<std::size_t>(stride_ * (image.height + 1))),
        squares_(sums_.size()) {
    for (ptrdiff_t y = 0; y < image.height; ++y) {
      const ptrdiff_t above = y * stride_, here = above + stride_;
      std::uint32_t sum = 0, square = 0;
      const std::uint8_t* const row = image.row(y);
      for (ptrdiff_t x = 0; x < image.width; ++x) {
        const std::uint32_t value = row[x];
        sum += value;
        square += value * value;
        sums_[static_cast<std::size_t>(here + x + 1)] = sum;
        squares_[static_cast<std::size_t>(here + x + 1)] = square;
      }
      kernels.add_row(sums_.data() + above, stride_, sums_.data() + here);
      kernels.add_row(squares_.data() + above, stride_, squares_.data() + here);
    }
  }
  void windows(const MatchKernels& kernels, ptrdiff_t y, ptrdiff_t width, ptrdiff_t height,
               ptrdiff_t n, std::uint32_t* sums, std::uint32_t* squares) const {
    const ptrdiff_t top = y * stride_, bottom = (y + height) * stride_;
    kernels.window_sums(sums_.data() + top, sums_.data() + bottom, width, n, sums);
    kernels.window_sums(squares_.data() + top, squares_.data() + bottom, width, n, squares);
  }

 private:
  ptrdiff_t stride_;
  std::vector<std::uint32_t> sums_, squares_;
};

// The template's own sums over the pixels that count.
MatchTemplate summed(View pattern, const std::uint8_t* mask) {
  std::int64_t area = 0, sum = 0, square = 0;
  for (ptrdiff_t y = 0; y < pattern.height; ++y) {
    for (ptrdiff_t x = 0; x < pattern.width; ++x) {
      if (mask != nullptr && mask[y * pattern.width + x] == 0) continue;
      const std::int64_t value = pattern.row(y)[x];
      area += 1;
      sum += value;
      square += value * value;
    }
  }
  const std::int64_t spread = area * square - sum * sum;
  return {area, sum, std::sqrt(static_cast<double>(spread))};
}

void check(View image, View pattern) {
  const auto shown_size = [](View view) {
    return std::to_string(view.height) + " x " + std::to_string(view.width);
  };
  if (pattern.width < 1 || pattern.height < 1 || pattern.width > kLargestTemplate ||
      pattern.height > kLargestTemplate) {
    throw std::invalid_argument("template: expected sides of 1 to " +
                                std::to_string(kLargestTemplate) + " pixels, got " +
                                shown_size(pattern));
  }
  if (pattern.width > image.width || pattern.height > image.height) {
    throw std::invalid_argument("template: expected one no larger than the image (" +
                                shown_size(image) + "), got " + shown_size(pattern));
  }
}

// What a row of windows needs: sums of pixels, of squares and of products with the template.
struct RowSums {
  std::int32_t* products;
  std::uint32_t *sums, *squares;
};

// Where every pixel counts, the sums come from an integral image.
class WholeWindows {
 public:
  WholeWindows(const MatchKernels& kernels, View image, View pattern, int threads)
      : kernels_(kernels),
        width_(pattern.width),
        height_(pattern.height),
        pixels_(kernels, image, threads),
        integral_(kernels, image),
        taps_(width_, height_, [&](ptrdiff_t x, ptrdiff_t y) { return int{pattern.row(y)[x]}; }) {}

  void row(ptrdiff_t y, ptrdiff_t n, const RowSums& out) const {
    correlate(kernels_, pixels_, taps_, y, n, out.products);
    integral_.windows(kernels_, y, width_, height_, n, out.sums, out.squares);
  }

 private:
  const MatchKernels& kernels_;
  ptrdiff_t width_, height_;
  PairedRows pixels_;
  Integral integral_;
  Taps taps_;
};

// Under a mask all sums are correlations with it; squares have 16 bits, so their halves go apart.
class MaskedWindows {
 public:
  MaskedWindows(const MatchKernels& kernels, View image, View pattern, const std::uint8_t* mask,
                int threads)
      : kernels_(kernels),
        pixels_(kernels, image, threads),
        upper_(squares(kernels, image, 8, threads)),
        lower_(squares(kernels, image, 0, threads)),
        template_(pattern.width, pattern.height,
                  [&](ptrdiff_t x, ptrdiff_t y) {
                    return mask[y * pattern.width + x] != 0 ? int{pattern.row(y)[x]} : 0;
                  }),
        mask_(pattern.width, pattern.height,
              [&](ptrdiff_t x, ptrdiff_t y) { return int{mask[y * pattern.width + x] != 0}; }) {}

  void row(ptrdiff_t y, ptrdiff_t n, const RowSums& out) const {
    correlate(kernels_, upper_, mask_, y, n, out.products);
    for (ptrdiff_t x = 0; x < n; ++x) {
      out.squares[x] = static_cast<std::uint32_t>(out.products[x]) << 8;
    }
    correlate(kernels_, lower_, mask_, y, n, out.products);
    for (ptrdiff_t x = 0; x < n; ++x) {
      out.squares[x] += static_cast<std::uint32_t>(out.products[x]);
    }
    correlate(kernels_, pixels_, mask_, y, n, out.products);
    for (ptrdiff_t x = 0; x < n; ++x) out.sums[x] = static_cast<std::uint32_t>(out.products[x]);
    correlate(kernels_, pixels_, template_, y, n, out.products);
  }

 private:
  static PairedRows squares(const MatchKernels& kernels, View image, int shift, int threads) {
    std::vector<std::uint8_t> plane;
    plane.reserve(static_cast<std::size_t>(image.width * image.height));
    for (ptrdiff_t y = 0; y < image.height; ++y) {
      for (ptrdiff_t x = 0; x < image.width; ++x) {
        const int value = image.row(y)[x];
        plane.push_back(static_cast<std::uint8_t>((value * value >> shift) & 255));
      }
    }
    return {kernels, {plane.data(), image.width, image.height, 1, image.width}, threads};
  }

  const MatchKernels& kernels_;
  PairedRows pixels_, upper_, lower_;
  Taps template_, mask_;
};

template <typename Windows>
void score_rows(const MatchKernels& kernels, const Windows& windows, const MatchTemplate& pattern,
                ptrdiff_t n, ptrdiff_t rows, float* scores, int threads) {
  const ptrdiff_t padded = whole_blocks(n);
  std::vector<std::int32_t> products(static_cast<std::size_t>(padded * threads));
  std::vector<std::uint32_t> sums(2 * products.size());
  by_runs(rows, threads, [&](ptrdiff_t y, ptrdiff_t thread) {
    std::uint32_t* const own = sums.data() + 2 * padded * thread;
    const RowSums out = {products.data() + padded * thread, own, own + padded};
    windows.row(y, n, out);
    kernels.scores(pattern, out.products, out.sums, out.squares, n, scores + y * n);
  });
}

}  // namespace

void match_template(View image, View pattern, const std::uint8_t* mask, float* scores,
                    int threads) {
  check(image, pattern);
  const MatchKernels& kernels = CVFAST_PICK(match_kernels);
  const MatchTemplate sums = summed(pattern, mask);
  if (sums.area == 0) throw std::invalid_argument("mask: expected at least one pixel that counts");
  const ptrdiff_t n = image.width - pattern.width + 1, rows = image.height - pattern.height + 1;
  const double products = static_cast<double>(n * rows) *
                          static_cast<double>(pattern.width * pattern.height) *
                          (mask == nullptr ? 1.0 : 4.0);
  const int team = threads_for(threads, products * kNanosecondsAProduct);
  if (mask == nullptr) {
    score_rows(kernels, WholeWindows(kernels, image, pattern, team), sums, n, rows, scores, team);
  } else {
    score_rows(kernels, MaskedWindows(kernels, image, pattern, mask, team), sums, n, rows, scores,
               team);
  }
}

}  // namespace cvfast
