// The one bilinear sampler of the core. uint8 positions are rounded to 1/128 px, and the sums are
// integers, so every instruction set gives the same bytes; at most 1 level from float64.
#include "kernels/kernels.h"

#if defined(__AVX2__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12's own AVX-512 header (PR 105593)
#endif
#include <immintrin.h>
#endif

namespace cvfast::CVFAST_ISA {

namespace {

inline std::uint8_t blend(std::int32_t a, std::int32_t b, std::int32_t c, std::int32_t d,
                          std::int32_t fx, std::int32_t fy) {
  const std::int32_t top = a * 128 + fx * (b - a), bottom = c * 128 + fx * (d - c);
  return static_cast<std::uint8_t>((top + (((bottom - top) * fy + 64) >> 7) + 64) >> 7);
}

// Any picture, however narrow or large.
template <int C>
void plain_u8(const Source<std::uint8_t>& source, const float* x, const float* y, std::ptrdiff_t n,
              std::uint8_t* out) {
  const float last_x = static_cast<float>(source.width - 1);
  const float last_y = static_cast<float>(source.height - 1);
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    float px = x[i] > 0.0f ? x[i] : 0.0f;
    float py = y[i] > 0.0f ? y[i] : 0.0f;
    px = px < last_x ? px : last_x;
    py = py < last_y ? py : last_y;
    const auto qx = static_cast<std::int32_t>(px * 128.0f + 0.5f);
    const auto qy = static_cast<std::int32_t>(py * 128.0f + 0.5f);
    const std::int32_t ix = qx >> 7, iy = qy >> 7;
    const std::uint8_t* p = source.data + iy * source.row_stride + std::ptrdiff_t{ix} * C;
    const std::ptrdiff_t right = ix + 1 < source.width ? C : 0;
    const std::ptrdiff_t down = iy + 1 < source.height ? source.row_stride : 0;
    for (int c = 0; c < C; ++c) {
      out[i * C + c] =
          blend(p[c], p[c + right], p[c + down], p[c + right + down], qx & 127, qy & 127);
    }
  }
}

// Where the points' neighbours lie, all at fixed offsets. In the last row the row before gets the
// weight 0 and the last 128; in the last column whatever lies to the right has the weight 0.
struct Taps {
  alignas(64) std::int32_t offset[kBlock];  // of the upper left pixel
  alignas(
      64) std::uint32_t weights[kBlock];  // from the low byte on: 128 - fx, fx, 0, -fy, in 1/128 px
};

// Two rows, and offsets of 32 bits.
bool has_taps(const Source<std::uint8_t>& source) {
  const std::ptrdiff_t size = source.row_stride > 0 ? source.row_stride : -source.row_stride;
  return source.height > 1 && size * source.height <= 0x7fffffff;
}

// Fills whole groups. Returns whether the 8 bytes at every offset and in the row below are the
// picture's.
template <int C>
inline bool locate(const Source<std::uint8_t>& source, const float* x, const float* y,
                   std::ptrdiff_t n, Taps& __restrict taps) {
  const float last_x = static_cast<float>(source.width - 1);
  const float last_y = static_cast<float>(source.height - 1);
  const auto width = static_cast<std::int32_t>(source.width);
  const auto end_y = static_cast<std::int32_t>(source.height - 2);
  const auto stride = static_cast<std::int32_t>(source.row_stride);
  std::int32_t last = 0;
  for (std::ptrdiff_t i = 0; i < whole_groups(n); ++i) {
    float px = x[i] > 0.0f ? x[i] : 0.0f;
    float py = y[i] > 0.0f ? y[i] : 0.0f;
    px = px < last_x ? px : last_x;
    py = py < last_y ? py : last_y;
    const auto qx = static_cast<std::int32_t>(px * 128.0f + 0.5f);
    const auto qy = static_cast<std::int32_t>(py * 128.0f + 0.5f);
    std::int32_t iy = qy >> 7;
    iy = iy < end_y ? iy : end_y;
    const auto fx = static_cast<std::uint32_t>(qx & 127);
    const auto minus_fy = static_cast<std::uint32_t>(iy * 128 - qy);
    const std::int32_t offset = iy * stride + (qx >> 7) * C;
    taps.offset[i] = offset;
    taps.weights[i] = (fx * 255 + 128) | minus_fy << 24;
    last = offset > last ? offset : last;
  }
  return last <= (stride > 0 ? end_y * stride : 0) + width * C - 8;
}

template <int C>
inline void one_u8(const Source<std::uint8_t>& source, const Taps& taps, std::ptrdiff_t i,
                   std::uint8_t* out) {
  const std::uint8_t* p = source.data + taps.offset[i];
  const std::uint8_t* q = p + source.row_stride;
  const auto fx = static_cast<std::int32_t>(taps.weights[i] >> 8 & 255);
  const std::int32_t fy = -(static_cast<std::int32_t>(taps.weights[i]) >> 24);
  const std::ptrdiff_t right = fx != 0 ? C : 0;
  for (int c = 0; c < C; ++c) out[c] = blend(p[c], p[c + right], q[c], q[c + right], fx, fy);
}

#if defined(__AVX2__)
// The wide way: 8 bytes hold a pixel and its right neighbour (1 to 4 channels), and one 64-bit lane
// works on one point. Weights are unsigned bytes, pixels signed ones: 128 is taken off and put
// back. Tried and lost, in ns a point of AVX-512 against 1.25: one pass that finds a group's taps
// and sums them at once 1.75 (too long a chain to overlap), gathers 1.2 to 1.5 and worse on AMD.

#if defined(__AVX512BW__)
constexpr std::ptrdiff_t kWide = 16;
constexpr bool kMasked = true;
using Words = __m512i;
inline Words load(const std::uint32_t* p) { return _mm512_loadu_si512(p); }
inline Words every(short v) { return _mm512_set1_epi16(v); }
inline Words in_lanes(__m128i v) { return _mm512_broadcast_i32x4(v); }
inline Words flipped(Words a, Words b) { return _mm512_xor_si512(a, b); }
inline Words shuffled(Words a, Words order) { return _mm512_shuffle_epi8(a, order); }
inline Words weighted(Words w, Words v) { return _mm512_maddubs_epi16(w, v); }
inline Words plus(Words a, Words b) { return _mm512_add_epi16(a, b); }
inline Words minus(Words a, Words b) { return _mm512_sub_epi16(a, b); }
inline Words scaled(Words a, Words b) { return _mm512_mulhrs_epi16(a, b); }
inline Words eighth_bit(Words v) { return _mm512_srli_epi16(v, 7); }
inline Words to_bytes(Words a, Words b) { return _mm512_packus_epi16(a, b); }
#else
constexpr std::ptrdiff_t kWide = 8;
constexpr bool kMasked = false;
using Words = __m256i;
inline Words load(const std::uint32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline Words every(short v) { return _mm256_set1_epi16(v); }
inline Words in_lanes(__m128i v) { return _mm256_broadcastsi128_si256(v); }
inline Words flipped(Words a, Words b) { return _mm256_xor_si256(a, b); }
inline Words shuffled(Words a, Words order) { return _mm256_shuffle_epi8(a, order); }
inline Words weighted(Words w, Words v) { return _mm256_maddubs_epi16(w, v); }
inline Words plus(Words a, Words b) { return _mm256_add_epi16(a, b); }
inline Words minus(Words a, Words b) { return _mm256_sub_epi16(a, b); }
inline Words scaled(Words a, Words b) { return _mm256_mulhrs_epi16(a, b); }
inline Words eighth_bit(Words v) { return _mm256_srli_epi16(v, 7); }
inline Words to_bytes(Words a, Words b) { return _mm256_packus_epi16(a, b); }
#endif

inline __m128i two_pixels(const std::uint8_t* base, std::int32_t a, std::int32_t b) {
  const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(base + a));
  return _mm_castps_si128(
      _mm_loadh_pi(_mm_castsi128_ps(low), reinterpret_cast<const __m64*>(base + b)));
}

// The points 0, 1 of every four.
inline Words pixels(const std::uint8_t* base, const std::int32_t* o) {
#if defined(__AVX512BW__)
  const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(two_pixels(base, o[0], o[1])),
                                              two_pixels(base, o[4], o[5]), 1);
  const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(two_pixels(base, o[8], o[9])),
                                               two_pixels(base, o[12], o[13]), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
#else
  return _mm256_inserti128_si256(_mm256_castsi128_si256(two_pixels(base, o[0], o[1])),
                                 two_pixels(base, o[4], o[5]), 1);
#endif
}

// Each channel's left and right value side by side, for the two pixels of 128 bits.
template <int C>
inline Words pair_order() {
  constexpr char z = -1;
  constexpr char l1 = C > 1 ? 1 : z, l2 = C > 2 ? 2 : z, l3 = C > 3 ? 3 : z;
  constexpr char r0 = C, r1 = C > 1 ? C + 1 : z, r2 = C > 2 ? C + 2 : z, r3 = C > 3 ? C + 3 : z;
  constexpr char m1 = C > 1 ? 9 : z, m2 = C > 2 ? 10 : z, m3 = C > 3 ? 11 : z;
  constexpr char s0 = C + 8, s1 = C > 1 ? C + 9 : z, s2 = C > 2 ? C + 10 : z,
                 s3 = C > 3 ? C + 11 : z;
  return in_lanes(_mm_setr_epi8(0, r0, l1, r1, l2, r2, l3, r3, 8, s0, m1, s1, m2, s2, m3, s3));
}

// Two bytes of the weights of two in four points, four times each.
template <char Point, char Byte>
inline Words of_points(Words weights) {
  constexpr char a = Point + Byte, b = a + 1, c = a + 4, d = a + 5;
  return shuffled(weights, in_lanes(_mm_setr_epi8(a, b, a, b, a, b, a, b, c, d, c, d, c, d, c, d)));
}

template <int C>
inline Words across(const std::uint8_t* base, const std::int32_t* o, Words fx) {
  const Words signed_pairs = flipped(shuffled(pixels(base, o), pair_order<C>()), every(-0x7f80));
  return weighted(fx, signed_pairs);
}

template <int C>
inline Words half(const std::uint8_t* upper, const std::uint8_t* lower, const std::int32_t* o,
                  Words fx, Words fy) {
  const Words top = across<C>(upper, o, fx), bottom = across<C>(lower, o, fx);
  const Words value = plus(top, scaled(minus(top, bottom), fy));
  return eighth_bit(plus(value, every(128 * 128 + 64)));
}

// Four bytes a point to C.
template <int C>
inline Words packed(Words bytes) {
  constexpr char z = -1;
  const __m128i order = C == 1 ? _mm_setr_epi8(0, 4, 8, 12, z, z, z, z, z, z, z, z, z, z, z, z)
                        : C == 2
                            ? _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, z, z, z, z, z, z, z, z)
                            : _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, z, z, z, z);
  if constexpr (C == 4) return bytes;
  bytes = shuffled(bytes, in_lanes(order));
#if defined(__AVX512BW__)
  const __m512i words =
      C == 3   ? _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15)
      : C == 2 ? _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15)
               : _mm512_setr_epi32(0, 4, 8, 12, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15);
  return _mm512_permutexvar_epi32(words, bytes);
#else
  const __m256i words = C == 3   ? _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7)
                        : C == 2 ? _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7)
                                 : _mm256_setr_epi32(0, 4, 1, 2, 3, 5, 6, 7);
  return _mm256_permutevar8x32_epi32(bytes, words);
#endif
}

template <int C>
inline Words wide_u8(const Source<std::uint8_t>& source, const Taps& taps, std::ptrdiff_t i) {
  const std::uint8_t* upper = source.data;
  const std::uint8_t* lower = source.data + source.row_stride;
  const std::int32_t* o = taps.offset + i;
  const Words weights = load(taps.weights + i);
  const Words a = half<C>(upper, lower, o, of_points<0, 0>(weights), of_points<0, 2>(weights));
  const Words b = half<C>(upper, lower, o + 2, of_points<8, 0>(weights), of_points<8, 2>(weights));
  return packed<C>(to_bytes(a, b));
}

#if defined(__AVX512BW__)
template <int C>
inline void store_points(Words bytes, std::uint8_t* out) {
  _mm512_mask_storeu_epi32(out, static_cast<__mmask16>(0xffff >> (16 - 4 * C)), bytes);
}
#else
template <int C>
inline void store_points(Words bytes, std::uint8_t* out) {
  auto* to = reinterpret_cast<__m128i*>(out);
  const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
  if constexpr (C == 1) _mm_storel_epi64(to, low);
  if constexpr (C > 1) _mm_storeu_si128(to, low);
  if constexpr (C == 3) _mm_storel_epi64(to + 1, high);
  if constexpr (C == 4) _mm_storeu_si128(to + 1, high);
}
#endif

// Fewer than kWide points.
inline void store_bytes(Words bytes, std::ptrdiff_t n, std::uint8_t* out) {
#if defined(__AVX512BW__)
  _mm512_mask_storeu_epi8(out, (__mmask64{1} << n) - 1, bytes);
#else
  std::uint8_t all[32];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(all), bytes);
  for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = all[i];
#endif
}
#endif

// n <= kBlock
template <int C>
void block_u8(const Source<std::uint8_t>& source, const float* x, const float* y, std::ptrdiff_t n,
              std::uint8_t* out) {
  if (!has_taps(source)) return plain_u8<C>(source, x, y, n, out);
  Taps taps;
  [[maybe_unused]] const bool inside = locate<C>(source, x, y, n, taps);
#if defined(__AVX2__)
  if (inside) {
    std::ptrdiff_t i = 0;
    for (; i <= n - kWide; i += kWide) store_points<C>(wide_u8<C>(source, taps, i), out + i * C);
    if (i == n) return;
    if (kMasked || n < kWide) {
      store_bytes(wide_u8<C>(source, taps, i), (n - i) * C, out + i * C);
    } else {  // some a second time
      store_points<C>(wide_u8<C>(source, taps, n - kWide), out + (n - kWide) * C);
    }
    return;
  }
#endif
  for (std::ptrdiff_t i = 0; i < n; ++i) one_u8<C>(source, taps, i, out + i * C);
}

template <int C>
void block_f32(const Source<float>& source, const float* x, const float* y, std::ptrdiff_t n,
               float* out) {
  const float last_x = static_cast<float>(source.width - 1);
  const float last_y = static_cast<float>(source.height - 1);
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    float px = x[i] > 0.0f ? x[i] : 0.0f;
    float py = y[i] > 0.0f ? y[i] : 0.0f;
    px = px < last_x ? px : last_x;
    py = py < last_y ? py : last_y;
    const auto ix = static_cast<std::ptrdiff_t>(static_cast<std::int32_t>(px));
    const auto iy = static_cast<std::ptrdiff_t>(static_cast<std::int32_t>(py));
    const float fx = px - static_cast<float>(ix), fy = py - static_cast<float>(iy);
    const std::ptrdiff_t right = ix + 1 < source.width ? C : 0;
    const float* p = source.data + iy * source.row_stride + ix * C;
    const float* q = p + (iy + 1 < source.height ? source.row_stride : 0);
    for (int c = 0; c < C; ++c) {
      const float top = p[c] + fx * (p[c + right] - p[c]);
      const float bottom = q[c] + fx * (q[c + right] - q[c]);
      out[i * C + c] = top + fy * (bottom - top);
    }
  }
}

}  // namespace

void sample_u8(const Source<std::uint8_t>& source, const float* x, const float* y, std::ptrdiff_t n,
               std::uint8_t* out) {
  for (std::ptrdiff_t i = 0; i < n; i += kBlock) {
    const std::ptrdiff_t m = n - i < kBlock ? n - i : kBlock;
    switch (source.channels) {
      case 1: block_u8<1>(source, x + i, y + i, m, out + i); break;
      case 2: block_u8<2>(source, x + i, y + i, m, out + i * 2); break;
      case 3: block_u8<3>(source, x + i, y + i, m, out + i * 3); break;
      default: block_u8<4>(source, x + i, y + i, m, out + i * 4); break;
    }
  }
}

void sample_f32(const Source<float>& source, const float* x, const float* y, std::ptrdiff_t n,
                float* out) {
  switch (source.channels) {
    case 1: block_f32<1>(source, x, y, n, out); break;
    case 2: block_f32<2>(source, x, y, n, out); break;
    case 3: block_f32<3>(source, x, y, n, out); break;
    default: block_f32<4>(source, x, y, n, out); break;
  }
}

}  // namespace cvfast::CVFAST_ISA
