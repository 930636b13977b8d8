// Rows of a picture at another size (linear, in fixed point: OpenCV's INTER_LINEAR_EXACT) and their
// integral images (Viola, Jones, 2001; tilted: Lienhart, Maydt, 2002), modulo 2^32.
#include "kernels/kernels.h"

#if defined(__AVX2__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12's own AVX-512 header (PR 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"        // the same, under sanitizers
#endif
#include <immintrin.h>
#endif

namespace cvfast::CVFAST_ISA {

namespace {

using std::ptrdiff_t;

#if defined(__AVX2__)
// Eight pairs of pixels, each read with the two bytes that follow it.
inline __m128i stretch8(const std::uint8_t* row, const std::int32_t* from,
                        const std::uint16_t* share) {
  const __m256i at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i pairs =
      _mm256_i32gather_epi32(reinterpret_cast<const int*>(row), at, 1);
  const __m256i second = _mm256_cvtepu16_epi32(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(share)));
  const __m256i first = _mm256_sub_epi32(_mm256_set1_epi32(256), second);
  const __m256i low = _mm256_and_si256(pairs, _mm256_set1_epi32(255));
  const __m256i high = _mm256_and_si256(_mm256_srli_epi32(pairs, 8), _mm256_set1_epi32(255));
  const __m256i sum =
      _mm256_add_epi32(_mm256_mullo_epi16(low, first), _mm256_mullo_epi16(high, second));
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(sum, sum), 0x08);
  return _mm256_castsi256_si128(packed);
}
#endif

void stretch_row(const std::uint8_t* row, ptrdiff_t width, const std::int32_t* from,
                 const std::uint16_t* share, ptrdiff_t n, std::uint16_t* out) {
  ptrdiff_t i = 0;
#if defined(__AVX2__)
  for (; i + 8 <= n && from[i + 7] + 4 <= width; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), stretch8(row, from + i, share + i));
  }
#else
  (void)width;
#endif
  for (; i < n; ++i) {
    const std::uint8_t* const pair = row + from[i];
    out[i] = static_cast<std::uint16_t>((256 - share[i]) * pair[0] + share[i] * pair[1]);
  }
}

void blend_rows(const std::uint16_t* __restrict upper, const std::uint16_t* __restrict lower,
                std::uint32_t share, ptrdiff_t n, std::uint8_t* __restrict out) {
  const std::uint32_t rest = 256 - share;
  for (ptrdiff_t i = 0; i < n; ++i) {
    out[i] = static_cast<std::uint8_t>((rest * upper[i] + share * lower[i] + (1U << 15)) >> 16);
  }
}

void add_row(const std::uint8_t* __restrict pixels, ptrdiff_t width,
             std::uint32_t* __restrict sums) {
  std::uint32_t sum = 0;
  for (ptrdiff_t x = 0; x < width; ++x) {
    sum += pixels[x];
    sums[x + 1] += sum;
  }
}

void add_row(const std::uint8_t* __restrict pixels, ptrdiff_t width,
             std::uint32_t* __restrict sums, std::uint32_t* __restrict squares) {
  std::uint32_t sum = 0, square = 0;
  for (ptrdiff_t x = 0; x < width; ++x) {
    const std::uint32_t v = pixels[x];
    sum += v;
    square += v * v;
    sums[x + 1] += sum;
    squares[x + 1] += square;
  }
}

// Over the line before the last one: what a triangle gains to that of two rows above.
void add_tilted(const std::uint8_t* __restrict pixels, const std::uint8_t* __restrict above,
                ptrdiff_t width, const std::uint32_t* __restrict last,
                std::uint32_t* __restrict line) {
  line[0] = last[1];
  for (ptrdiff_t x = 1; x < width; ++x) {
    line[x] = last[x - 1] + last[x + 1] - line[x] + pixels[x - 1] + above[x - 1];
  }
  line[width] = last[width - 1] + pixels[width - 1] + above[width - 1];
}

// A line as a row of an integral image; with `half` its even columns and then its odd ones.
void spread(const std::uint32_t* __restrict line, ptrdiff_t n, ptrdiff_t half,
            std::int32_t* __restrict out) {
  if (half == 0) {
    for (ptrdiff_t i = 0; i < n; ++i) out[i] = static_cast<std::int32_t>(line[i]);
    return;
  }
  std::int32_t* __restrict odd = out + half;
  for (ptrdiff_t i = 0; i < n / 2; ++i) {
    out[i] = static_cast<std::int32_t>(line[2 * i]);
    odd[i] = static_cast<std::int32_t>(line[2 * i + 1]);
  }
  if (n % 2 != 0) out[n / 2] = static_cast<std::int32_t>(line[n - 1]);
}

void integrate_row(const std::uint8_t* pixels, ptrdiff_t width, const IntegralLines& lines,
                   const IntegralRow& row) {
  if (row.squares == nullptr) {
    add_row(pixels, width, lines.sums);
  } else {
    add_row(pixels, width, lines.sums, lines.squares);
    spread(lines.squares, width + 1, row.half, row.squares);
  }
  spread(lines.sums, width + 1, row.half, row.sums);
  if (row.tilted != nullptr) {
    add_tilted(pixels, lines.pixels_before, width, lines.tilted, lines.tilted_before);
    spread(lines.tilted_before, width + 1, row.half, row.tilted);
  }
}

// Lanes of one corner of kPatches integral images.
using Lanes = std::uint32_t[kPatches];

void integrate_lanes(const Lanes& values, const Lanes& above, Lanes& run, Lanes& out) {
  for (int k = 0; k < kPatches; ++k) {
    run[k] += values[k];
    out[k] = above[k] + run[k];
  }
}

void tilt_lanes(const std::uint8_t* const* pictures, ptrdiff_t width, ptrdiff_t height,
                std::uint32_t* tilted) {
  const ptrdiff_t columns = width + 1;
  const auto at = [&](ptrdiff_t x, ptrdiff_t y) { return tilted + (y * columns + x) * kPatches; };
  for (ptrdiff_t i = 0; i < columns * kPatches; ++i) tilted[i] = 0;
  for (ptrdiff_t y = 1; y <= height; ++y) {
    for (ptrdiff_t x = 0; x <= width; ++x) {
      for (int k = 0; k < kPatches; ++k) {
        const std::uint8_t* const pixel = pictures[k] + (y - 1) * width + x - 1;
        std::uint32_t sum = x == 0 ? 0U : *pixel + at(x - 1, y - 1)[k];
        if (x > 0 && y > 1) sum += *(pixel - width);
        if (x < width) sum += at(x + 1, y - 1)[k];
        if (x > 0 && x < width && y > 1) sum -= at(x, y - 2)[k];
        at(x, y)[k] = sum;
      }
    }
  }
}

void integrate_patches(const std::uint8_t* const* pictures, ptrdiff_t width, ptrdiff_t height,
                       std::uint32_t* sums, std::uint32_t* squares, std::uint32_t* tilted) {
  const ptrdiff_t columns = width + 1;
  auto* sum = reinterpret_cast<Lanes*>(sums);
  auto* square = reinterpret_cast<Lanes*>(squares);
  for (ptrdiff_t i = 0; i < columns * kPatches; ++i) {
    sums[i] = 0;
    if (squares != nullptr) squares[i] = 0;
  }
  for (ptrdiff_t y = 1; y <= height; ++y) {
    Lanes run = {}, square_run = {}, values;
    const ptrdiff_t row = y * columns;
    for (int k = 0; k < kPatches; ++k) sum[row][k] = 0;
    for (int k = 0; k < kPatches && squares != nullptr; ++k) square[row][k] = 0;
    for (ptrdiff_t x = 1; x <= width; ++x) {
      for (int k = 0; k < kPatches; ++k) values[k] = pictures[k][(y - 1) * width + x - 1];
      integrate_lanes(values, sum[row - columns + x], run, sum[row + x]);
      if (squares == nullptr) continue;
      for (int k = 0; k < kPatches; ++k) values[k] *= values[k];
      integrate_lanes(values, square[row - columns + x], square_run, square[row + x]);
    }
  }
  if (tilted != nullptr) tilt_lanes(pictures, width, height, tilted);
}

}  // namespace

const IntegralKernels integral_kernels = {stretch_row, blend_rows, integrate_row,
                                          integrate_patches};

}  // namespace cvfast::CVFAST_ISA
