// Sums of products of a template and all windows of a row, and the scores that come of them. All
// sums are integers, so that their order does not matter.
#include <math.h>

#include "kernels/match_kernels.h"

#if defined(__AVX2__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12's own AVX-512 header (PR 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"        // the same, under sanitizers
#endif
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace cvfast::CVFAST_ISA {

namespace {

// Sums of pairs of 16-bit products: `madd` multiplies two rows' pixels with a tap and adds both.
#if defined(__AVX512BW__)
using Lanes = __m512i;
inline Lanes zero() { return _mm512_setzero_si512(); }
inline Lanes every(std::int32_t v) { return _mm512_set1_epi32(v); }
inline Lanes load(const std::int16_t* p) { return _mm512_loadu_si512(p); }
inline Lanes madd(Lanes sum, Lanes a, Lanes b) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
}
inline void store(Lanes a, std::int32_t* p) { _mm512_storeu_si512(p, a); }
#elif defined(__AVX2__)
using Lanes = __m256i;
inline Lanes zero() { return _mm256_setzero_si256(); }
inline Lanes every(std::int32_t v) { return _mm256_set1_epi32(v); }
inline Lanes load(const std::int16_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline Lanes madd(Lanes sum, Lanes a, Lanes b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}
inline void store(Lanes a, std::int32_t* p) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a);
}
#elif defined(__SSE2__)
using Lanes = __m128i;
inline Lanes zero() { return _mm_setzero_si128(); }
inline Lanes every(std::int32_t v) { return _mm_set1_epi32(v); }
inline Lanes load(const std::int16_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline Lanes madd(Lanes sum, Lanes a, Lanes b) { return _mm_add_epi32(sum, _mm_madd_epi16(a, b)); }
inline void store(Lanes a, std::int32_t* p) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), a); }
#else
struct Lanes {
  std::int32_t v[4];
};
inline Lanes zero() { return {{0, 0, 0, 0}}; }
inline Lanes every(std::int32_t v) { return {{v, v, v, v}}; }
inline Lanes load(const std::int16_t* p) {
  Lanes out;
  for (int i = 0; i < 4; ++i) out.v[i] = p[2 * i] | (p[2 * i + 1] * 65536);
  return out;
}
inline Lanes madd(Lanes sum, Lanes a, Lanes b) {
  for (int i = 0; i < 4; ++i) {
    sum.v[i] += (a.v[i] & 65535) * (b.v[i] & 65535) + (a.v[i] >> 16) * (b.v[i] >> 16);
  }
  return sum;
}
inline void store(Lanes a, std::int32_t* p) {
  for (int i = 0; i < 4; ++i) p[i] = a.v[i];
}
#endif

constexpr std::ptrdiff_t kLanes = sizeof(Lanes) / sizeof(std::int32_t);
constexpr std::ptrdiff_t kHeld = 4;  // vectors of sums in registers
static_assert(kMatchBlock % (kHeld * kLanes) == 0, "a block is whole vectors");

void pair_rows(const std::uint8_t* __restrict upper, const std::uint8_t* __restrict lower,
               std::ptrdiff_t n, std::int16_t* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    out[2 * i] = upper[i];
    out[2 * i + 1] = lower[i];
  }
}

void correlate(const std::int16_t* rows, std::ptrdiff_t stride, const std::int32_t* taps,
               std::ptrdiff_t width, std::ptrdiff_t pairs, std::ptrdiff_t n, std::int32_t* out) {
  for (std::ptrdiff_t i = 0; i < n; i += kHeld * kLanes) {
    Lanes a = zero(), b = zero(), c = zero(), d = zero();
    for (std::ptrdiff_t p = 0; p < pairs; ++p) {
      const std::int16_t* at = rows + 2 * p * stride + 2 * i;
      const std::int32_t* tap = taps + p * width;
      for (std::ptrdiff_t x = 0; x < width; ++x) {
        const Lanes weight = every(tap[x]);
        a = madd(a, load(at), weight);
        b = madd(b, load(at + 2 * kLanes), weight);
        c = madd(c, load(at + 4 * kLanes), weight);
        d = madd(d, load(at + 6 * kLanes), weight);
        at += 2;
      }
    }
    store(a, out + i);
    store(b, out + i + kLanes);
    store(c, out + i + 2 * kLanes);
    store(d, out + i + 3 * kLanes);
  }
}

void add_row(const std::uint32_t* __restrict above, std::ptrdiff_t n,
             std::uint32_t* __restrict row) {
  for (std::ptrdiff_t i = 0; i < n; ++i) row[i] += above[i];
}

void window_sums(const std::uint32_t* __restrict top, const std::uint32_t* __restrict bottom,
                 std::ptrdiff_t width, std::ptrdiff_t n, std::uint32_t* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    out[i] = (bottom[i + width] - bottom[i]) - (top[i + width] - top[i]);
  }
}

void scores(const MatchTemplate& pattern, const std::int32_t* __restrict products,
            const std::uint32_t* __restrict sums, const std::uint32_t* __restrict squares,
            std::ptrdiff_t n, float* __restrict out) {
  const std::int64_t area = pattern.area, total = pattern.sum;
  const double spread = pattern.spread;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const std::int64_t sum = sums[i];
    const auto variance = static_cast<double>(area * squares[i] - sum * sum);
    const auto shared = static_cast<double>(area * products[i] - sum * total);
    const double both = sqrt(variance) * spread;
    const double score = both > 0.0 ? shared / both : 0.0;
    const double most = score < 1.0 ? score : 1.0;
    out[i] = static_cast<float>(most > -1.0 ? most : -1.0);
  }
}

}  // namespace

extern const MatchKernels match_kernels;
const MatchKernels match_kernels = {pair_rows, correlate, add_row, window_sums, scores};

}  // namespace cvfast::CVFAST_ISA
