// Tiles of matrix products in float32 and in exact integers from bytes, and the loops that feed
// them. Float products may use FMA: AVX2 and AVX-512 give the same bytes, the baseline differs in
// the last bits. All else gives the same bytes everywhere.
#include <string.h>

#include "kernels/pca_kernels.h"
#include "kernels/pca_vectors.h"

// The accumulators of a tile stay in registers only if these loops are unrolled.
#if defined(__clang__)
#define CVFAST_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define CVFAST_UNROLL _Pragma("GCC unroll 16")
#else
#define CVFAST_UNROLL
#endif

namespace cvfast::CVFAST_ISA {

namespace {

// Steps of a panel fetched ahead: about the next panel. Where few rows meet components that left
// the caches this halves the wait (1.07 -> .68 ms for 8 rows); 64 steps, or into L1, gain nothing.
constexpr std::ptrdiff_t kAhead = 256;
#if defined(CVFAST_SSE2)
inline void prefetch(const float* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1);
}
#else
inline void prefetch(const float*) {}
#endif

#if defined(CVFAST_SSE2)
inline __m128i load_four(const std::uint32_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline void store_four(std::uint32_t* p, __m128i v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v);
}
#endif

template <int R, int N>
void product(const float* a, const float* b, std::ptrdiff_t step, std::ptrdiff_t depth,
             float* tile) {
  Floats sums[R][N];
  CVFAST_UNROLL
  for (int r = 0; r < R; ++r) {
    CVFAST_UNROLL
    for (int j = 0; j < N; ++j) sums[r][j] = zero();
  }
  for (std::ptrdiff_t p = 0; p < depth; ++p) {
    Floats right[N];
    CVFAST_UNROLL
    for (int j = 0; j < N; ++j) right[j] = load(b + p * step + j * kLanes);
    for (int j = 0; j < N * kLanes; j += 16) prefetch(b + (p + kAhead) * step + j);
    CVFAST_UNROLL
    for (int r = 0; r < R; ++r) {
      const Floats left = spread(a[r * kTileStride + p]);
      CVFAST_UNROLL
      for (int j = 0; j < N; ++j) sums[r][j] = add_product(left, right[j], sums[r][j]);
    }
  }
  CVFAST_UNROLL
  for (int r = 0; r < R; ++r) {
    CVFAST_UNROLL
    for (int j = 0; j < N; ++j) store(tile + (r * N + j) * kLanes, sums[r][j]);
  }
}

template <int N>
void product_rows(const float* a, const float* b, std::ptrdiff_t step, std::ptrdiff_t depth,
                  std::ptrdiff_t rows, float* tile) {
  std::ptrdiff_t done = 0;
  while (done < rows) {
    const float* from = a + done * kTileStride;
    float* to = tile + done * N * kLanes;
    const std::ptrdiff_t left = rows - done;
    if (left >= kRows) {
      product<kRows, N>(from, b, step, depth, to);
      done += kRows;
    } else if (kRows > 8 && left >= 8) {
      product<8, N>(from, b, step, depth, to);
      done += 8;
    } else if (left >= 4) {
      product<4, N>(from, b, step, depth, to);
      done += 4;
    } else if (left >= 2) {
      product<2, N>(from, b, step, depth, to);
      done += 2;
    } else {
      product<1, N>(from, b, step, depth, to);
      done += 1;
    }
  }
}

void product_f32(const float* a, const float* b, std::ptrdiff_t step, std::ptrdiff_t depth,
                 std::ptrdiff_t rows, std::ptrdiff_t vectors, float* tile) {
  if (vectors == 2) {
    product_rows<2>(a, b, step, depth, rows, tile);
  } else {
    product_rows<1>(a, b, step, depth, rows, tile);
  }
}

// Memory bounds a single row: the rows of b are read once, a few at a time, as they lie.
void product_row_f32(const float* a, const float* b, std::ptrdiff_t b_stride, std::ptrdiff_t depth,
                     std::ptrdiff_t n, float* __restrict sums) {
  constexpr std::ptrdiff_t kAtOnce = 8;
  for (std::ptrdiff_t p0 = 0; p0 < depth; p0 += kAtOnce) {
    const std::ptrdiff_t end = p0 + kAtOnce < depth ? p0 + kAtOnce : depth;
    std::ptrdiff_t i = 0;
    for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
      Floats low = load(sums + i), high = load(sums + i + kLanes);
      for (std::ptrdiff_t p = p0; p < end; ++p) {
        const Floats left = spread(a[p]);
        low = add_product(left, load(b + p * b_stride + i), low);
        high = add_product(left, load(b + p * b_stride + i + kLanes), high);
      }
      store(sums + i, low);
      store(sums + i + kLanes, high);
    }
    for (; i < n; i += kLanes) {
      const std::ptrdiff_t count = n - i < kLanes ? n - i : kLanes;
      float part[kLanes] = {}, right[kLanes] = {};
      memcpy(part, sums + i, static_cast<size_t>(count) * sizeof(float));
      Floats sum = load(part);
      for (std::ptrdiff_t p = p0; p < end; ++p) {
        memcpy(right, b + p * b_stride + i, static_cast<size_t>(count) * sizeof(float));
        sum = add_product(spread(a[p]), load(right), sum);
      }
      store(part, sum);
      memcpy(sums + i, part, static_cast<size_t>(count) * sizeof(float));
    }
  }
}

template <int R>
void dots(const float* a, const std::int16_t* rows, std::ptrdiff_t n, float* sums) {
  Floats totals[R];
  CVFAST_UNROLL
  for (int r = 0; r < R; ++r) totals[r] = zero();
  for (std::ptrdiff_t i = 0; i < n; i += kLanes) {
    const Floats left = load(a + i);
    CVFAST_UNROLL
    for (int r = 0; r < R; ++r) totals[r] = add_product(left, widened(rows + r * n + i), totals[r]);
  }
  for (int r = 0; r < R; ++r) {
    float lanes[kLanes];
    store(lanes, totals[r]);
    sums[r] = 0.0f;
    for (int i = 0; i < kLanes; ++i) sums[r] += lanes[i];
  }
}

void dots_i16(const float* a, const std::int16_t* rows, std::ptrdiff_t count, std::ptrdiff_t n,
              float* sums) {
  std::ptrdiff_t r = 0;
  for (; r + 4 <= count; r += 4) dots<4>(a, rows + r * n, n, sums + r);
  for (; r < count; ++r) dots<1>(a, rows + r * n, n, sums + r);
}

void product_u8(const std::uint32_t* a, const std::uint32_t* b, std::ptrdiff_t depth,
                std::int32_t* tile) {
  Words sums[kRows][2];
  CVFAST_UNROLL
  for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = zero_words();
  // All even bytes before the odd ones, so that sums and operands fit in sixteen registers.
  for (std::ptrdiff_t p = 0; p < depth; ++p) {
    const Words b0 = load(b + p * 2 * kLanes), b1 = load(b + (p * 2 + 1) * kLanes);
    const Words even0 = even_bytes(b0), even1 = even_bytes(b1);
    CVFAST_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Words even = even_bytes(spread(a[r * kTileStride + p]));
      sums[r][0] = add_pairs(even, even0, sums[r][0]);
      sums[r][1] = add_pairs(even, even1, sums[r][1]);
    }
    const Words odd0 = odd_bytes(b0), odd1 = odd_bytes(b1);
    CVFAST_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Words odd = odd_bytes(spread(a[r * kTileStride + p]));
      sums[r][0] = add_pairs(odd, odd0, sums[r][0]);
      sums[r][1] = add_pairs(odd, odd1, sums[r][1]);
    }
  }
  CVFAST_UNROLL
  for (int r = 0; r < kRows; ++r) {
    store(tile + r * 2 * kLanes, sums[r][0]);
    store(tile + (r * 2 + 1) * kLanes, sums[r][1]);
  }
}

#if defined(__AVX512F__) && defined(__GNUC__)
#define CVFAST_VNNI_PRODUCT product_u8s8
__attribute__((target("avx512vnni"))) void product_u8s8(const std::uint32_t* a,
                                                        const std::uint32_t* b,
                                                        std::ptrdiff_t depth, std::int32_t* tile) {
  __m512i sums[kRows][2];
  CVFAST_UNROLL
  for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_si512();
  for (std::ptrdiff_t p = 0; p < depth; ++p) {
    const __m512i b0 = _mm512_loadu_si512(b + p * 2 * kLanes);
    const __m512i b1 = _mm512_loadu_si512(b + (p * 2 + 1) * kLanes);
    CVFAST_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const __m512i left = _mm512_set1_epi32(static_cast<int>(a[r * kTileStride + p]));
      sums[r][0] = _mm512_dpbusd_epi32(sums[r][0], left, b0);
      sums[r][1] = _mm512_dpbusd_epi32(sums[r][1], left, b1);
    }
  }
  CVFAST_UNROLL
  for (int r = 0; r < kRows; ++r) {
    _mm512_storeu_si512(tile + r * 2 * kLanes, sums[r][0]);
    _mm512_storeu_si512(tile + (r * 2 + 1) * kLanes, sums[r][1]);
  }
}
#else
#define CVFAST_VNNI_PRODUCT nullptr
#endif

void center_u8(const std::uint8_t* __restrict x, const float* __restrict mean, std::ptrdiff_t n,
               float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = static_cast<float>(x[i]) - mean[i];
}

bool center_f32(const float* __restrict x, const float* __restrict mean, std::ptrdiff_t n,
                float* __restrict out) {
  std::int32_t largest = 0;  // of the values' bits without sign, ordered as the values are
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    std::int32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bits &= 0x7fffffff;
    largest = bits > largest ? bits : largest;
    out[i] = x[i] - mean[i];
  }
  return largest < 0x7f800000;
}

// Four by four: 16384 words of 32 rows in a fifth of the time of single words (2000 x 16384: 50 ms
// less). Wider vectors need twice the shuffles' code and gain nothing, as memory bounds it.
void transpose(const std::uint32_t* from, std::ptrdiff_t from_stride, std::ptrdiff_t rows,
               std::ptrdiff_t columns, std::uint32_t flip, std::uint32_t* to,
               std::ptrdiff_t to_stride) {
  std::ptrdiff_t whole_rows = 0, whole_columns = 0;
#if defined(CVFAST_SSE2)
  whole_rows = rows / 4 * 4;
  whole_columns = columns / 4 * 4;
  const __m128i flips = _mm_set1_epi32(static_cast<int>(flip));
  for (std::ptrdiff_t r = 0; r < whole_rows; r += 4) {
    for (std::ptrdiff_t c = 0; c < whole_columns; c += 4) {
      const std::uint32_t* source = from + r * from_stride + c;
      std::uint32_t* target = to + c * to_stride + r;
      const __m128i a = load_four(source), b = load_four(source + from_stride);
      const __m128i d = load_four(source + 2 * from_stride),
                    e = load_four(source + 3 * from_stride);
      const __m128i ab0 = _mm_unpacklo_epi32(a, b), ab1 = _mm_unpackhi_epi32(a, b);
      const __m128i de0 = _mm_unpacklo_epi32(d, e), de1 = _mm_unpackhi_epi32(d, e);
      store_four(target, _mm_xor_si128(_mm_unpacklo_epi64(ab0, de0), flips));
      store_four(target + to_stride, _mm_xor_si128(_mm_unpackhi_epi64(ab0, de0), flips));
      store_four(target + 2 * to_stride, _mm_xor_si128(_mm_unpacklo_epi64(ab1, de1), flips));
      store_four(target + 3 * to_stride, _mm_xor_si128(_mm_unpackhi_epi64(ab1, de1), flips));
    }
  }
#endif
  for (std::ptrdiff_t r = 0; r < rows; ++r) {
    for (std::ptrdiff_t c = r < whole_rows ? whole_columns : 0; c < columns; ++c) {
      std::uint32_t word;  // a float's bits, it may be
      memcpy(&word, from + r * from_stride + c, sizeof word);
      word ^= flip;
      memcpy(to + c * to_stride + r, &word, sizeof word);
    }
  }
}

void interleave_u8(const std::uint8_t* const* rows, std::ptrdiff_t n,
                   std::uint32_t* __restrict out) {
  const std::uint8_t* __restrict a = rows[0];
  const std::uint8_t* __restrict b = rows[1];
  const std::uint8_t* __restrict c = rows[2];
  const std::uint8_t* __restrict d = rows[3];
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    out[i] = static_cast<std::uint32_t>(a[i]) | static_cast<std::uint32_t>(b[i]) << 8 |
             static_cast<std::uint32_t>(c[i]) << 16 | static_cast<std::uint32_t>(d[i]) << 24;
  }
}

void sum_u8(const std::uint8_t* __restrict x, std::ptrdiff_t n, std::uint32_t* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) sums[i] += x[i];
}

void sum_f32(const float* __restrict x, std::ptrdiff_t n, double* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) sums[i] += static_cast<double>(x[i]);
}

void store_tile(const float* __restrict tile, std::ptrdiff_t tile_stride, std::ptrdiff_t rows,
                std::ptrdiff_t columns, float* __restrict out, std::ptrdiff_t stride) {
  for (std::ptrdiff_t r = 0; r < rows; ++r) {
    memcpy(out + r * stride, tile + r * tile_stride, static_cast<size_t>(columns) * sizeof(float));
  }
}

void add_tile(const float* __restrict tile, std::ptrdiff_t tile_stride, std::ptrdiff_t rows,
              std::ptrdiff_t columns, float* __restrict out, std::ptrdiff_t stride) {
  for (std::ptrdiff_t r = 0; r < rows; ++r) {
    const float* __restrict from = tile + r * tile_stride;
    float* __restrict to = out + r * stride;
    for (std::ptrdiff_t i = 0; i < columns; ++i) to[i] += from[i];
  }
}

void accumulate_f32(const float* __restrict x, std::ptrdiff_t n, double* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) sums[i] += static_cast<double>(x[i]);
}

void accumulate_f64(const double* __restrict x, std::ptrdiff_t n, double* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) sums[i] += x[i];
}

void accumulate_i32(const std::int32_t* __restrict x, std::ptrdiff_t n, double* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) sums[i] += static_cast<double>(x[i]);
}

void finish_f32(const float* __restrict x, const float* __restrict mean, std::ptrdiff_t n,
                float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = x[i] + mean[i];
}

void finish_u8(const float* __restrict x, const float* __restrict mean, std::ptrdiff_t n,
               std::uint8_t* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    float value = x[i] + mean[i];
    value = value > 0.0f ? value : 0.0f;
    value = value < 255.0f ? value : 255.0f;
    out[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(value + 0.5f));
  }
}

}  // namespace

extern const PcaKernels pca_kernels;
const PcaKernels pca_kernels = {kRows,
                                kLanes,
                                product_f32,
                                product_row_f32,
                                dots_i16,
                                product_u8,
                                CVFAST_VNNI_PRODUCT,
                                center_u8,
                                center_f32,
                                transpose,
                                interleave_u8,
                                sum_u8,
                                sum_f32,
                                store_tile,
                                add_tile,
                                accumulate_f32,
                                accumulate_f64,
                                accumulate_i32,
                                finish_f32,
                                finish_u8};

}  // namespace cvfast::CVFAST_ISA
