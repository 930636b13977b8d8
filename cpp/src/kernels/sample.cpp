// The one bilinear sampler of the core. uint8 positions are rounded to 1/128 px, and the sums are
// integers, so every instruction set gives the same bytes; at most 1 level from float64.
#include "kernels/kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace cvfast::CVFAST_ISA {

namespace {

struct Taps {
  std::int64_t offset[kBlock];  // of the upper left pixel
  std::int32_t right[kBlock];   // elements to the right neighbour, 0 at the edge
  std::int64_t down[kBlock];
  std::int32_t fx[kBlock], fy[kBlock];  // 1/128 px
};

// n <= kBlock. Returns whether 8-byte loads at every tap stay inside the picture's memory.
bool locate(const Source<std::uint8_t>& source, const float* x, const float* y, std::ptrdiff_t n,
            Taps& __restrict taps) {
  const float last_x = static_cast<float>(source.width - 1);
  const float last_y = static_cast<float>(source.height - 1);
  const auto end_x = static_cast<std::int32_t>(source.width - 1);
  const auto end_y = static_cast<std::int32_t>(source.height - 1);
  const auto channels = static_cast<std::int32_t>(source.channels);
  const std::int64_t stride = source.row_stride;
  // The last offset at which 8 bytes still lie before the end of the row that is last in memory.
  const std::int64_t most = (stride > 0 ? end_y * stride : 0) + source.width * source.channels - 8;
  const std::int64_t further = stride > 0 ? stride : 0;
  std::int64_t last = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    float px = x[i] > 0.0f ? x[i] : 0.0f;
    float py = y[i] > 0.0f ? y[i] : 0.0f;
    px = px < last_x ? px : last_x;
    py = py < last_y ? py : last_y;
    const auto qx = static_cast<std::int32_t>(px * 128.0f + 0.5f);
    const auto qy = static_cast<std::int32_t>(py * 128.0f + 0.5f);
    const std::int32_t ix = qx >> 7, iy = qy >> 7;
    taps.fx[i] = qx & 127;
    taps.fy[i] = qy & 127;
    taps.offset[i] = iy * stride + static_cast<std::int64_t>(ix) * channels;
    taps.right[i] = ix < end_x ? channels : 0;
    taps.down[i] = iy < end_y ? stride : 0;
    const std::int64_t end = taps.offset[i] + (iy < end_y ? further : 0);
    last = end > last ? end : last;
  }
  return last <= most;
}

template <int C>
inline void one_u8(const std::uint8_t* base, const Taps& taps, std::ptrdiff_t i,
                   std::uint8_t* out) {
  const std::uint8_t* p = base + taps.offset[i];
  const std::uint8_t* q = p + taps.down[i];
  const std::int32_t right = taps.right[i], fx = taps.fx[i], fy = taps.fy[i] * 256;
  for (int c = 0; c < C; ++c) {
    const std::int32_t top = p[c] * 128 + fx * (p[c + right] - p[c]);
    const std::int32_t bottom = q[c] * 128 + fx * (q[c + right] - q[c]);
    const std::int32_t value = top + (((bottom - top) * fy + 16384) >> 15);
    out[i * C + c] = static_cast<std::uint8_t>((value + 64) >> 7);
  }
}

#if defined(__AVX2__)
// 8 bytes hold a pixel and its right neighbour (1 to 4 channels); one 64-bit lane works on one
// pixel.
inline __m256i load_pixels(const std::uint8_t* base, const std::int64_t* o) {
  const __m128i a = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(base + o[0]));
  const __m128i b = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(base + o[1]));
  const __m128i c = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(base + o[2]));
  const __m128i d = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(base + o[3]));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_unpacklo_epi64(a, b)),
                                 _mm_unpacklo_epi64(c, d), 1);
}

inline __m256i spread(const std::int32_t* weights) {  // four int32 to four times four int16
  const __m128i w = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights));
  const __m256i pair = _mm256_cvtepu32_epi64(_mm_or_si128(w, _mm_slli_epi32(w, 16)));
  return _mm256_shuffle_epi32(pair, _MM_SHUFFLE(2, 2, 0, 0));
}

template <int C>
inline __m256i across(__m256i pixels, __m256i fx) {
  constexpr char z = -1;
  constexpr char l1 = C > 1 ? 1 : z, l2 = C > 2 ? 2 : z, l3 = C > 3 ? 3 : z;
  constexpr char r0 = C, r1 = C > 1 ? C + 1 : z, r2 = C > 2 ? C + 2 : z, r3 = C > 3 ? C + 3 : z;
  constexpr char s = 8;  // the upper pixel of each 128-bit half
  constexpr char m1 = C > 1 ? 1 + s : z, m2 = C > 2 ? 2 + s : z, m3 = C > 3 ? 3 + s : z;
  constexpr char t0 = C + s, t1 = C > 1 ? C + 1 + s : z, t2 = C > 2 ? C + 2 + s : z,
                 t3 = C > 3 ? C + 3 + s : z;
  const __m256i take_left = _mm256_setr_epi8(0, z, l1, z, l2, z, l3, z, s, z, m1, z, m2, z, m3, z,
                                             0, z, l1, z, l2, z, l3, z, s, z, m1, z, m2, z, m3, z);
  const __m256i take_right =
      _mm256_setr_epi8(r0, z, r1, z, r2, z, r3, z, t0, z, t1, z, t2, z, t3, z, r0, z, r1, z, r2, z,
                       r3, z, t0, z, t1, z, t2, z, t3, z);
  const __m256i left = _mm256_shuffle_epi8(pixels, take_left);
  const __m256i right = _mm256_shuffle_epi8(pixels, take_right);
  return _mm256_add_epi16(_mm256_slli_epi16(left, 7),
                          _mm256_mullo_epi16(_mm256_sub_epi16(right, left), fx));
}

template <int C>
inline void four_u8(const std::uint8_t* base, const Taps& taps, std::ptrdiff_t i,
                    std::uint8_t* out) {
  alignas(32) std::int64_t below[4];
  _mm256_store_si256(
      reinterpret_cast<__m256i*>(below),
      _mm256_add_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(taps.offset + i)),
                       _mm256_loadu_si256(reinterpret_cast<const __m256i*>(taps.down + i))));
  const __m256i fx = spread(taps.fx + i);
  const __m256i fy = _mm256_slli_epi16(spread(taps.fy + i), 8);
  const __m256i top = across<C>(load_pixels(base, taps.offset + i), fx);
  const __m256i bottom = across<C>(load_pixels(base, below), fx);
  __m256i value = _mm256_add_epi16(top, _mm256_mulhrs_epi16(_mm256_sub_epi16(bottom, top), fy));
  value = _mm256_srli_epi16(_mm256_add_epi16(value, _mm256_set1_epi16(64)), 7);
  const __m256i bytes = _mm256_packus_epi16(value, value);
  const __m128i rgbx =
      _mm256_castsi256_si128(_mm256_permute4x64_epi64(bytes, _MM_SHUFFLE(3, 1, 2, 0)));
  auto* to = reinterpret_cast<__m128i*>(out + i * C);
  if constexpr (C == 4) {
    _mm_storeu_si128(to, rgbx);
  } else if constexpr (C == 3) {
    const __m128i packed = _mm_shuffle_epi8(
        rgbx, _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    _mm_storel_epi64(to, packed);
    _mm_storeu_si32(out + i * C + 8, _mm_srli_si128(packed, 8));
  } else if constexpr (C == 2) {
    _mm_storel_epi64(to, _mm_shuffle_epi8(rgbx, _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1,
                                                              -1, -1, -1, -1, -1)));
  } else {
    _mm_storeu_si32(to, _mm_shuffle_epi8(rgbx, _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1,
                                                             -1, -1, -1, -1, -1, -1)));
  }
}
#endif

template <int C>
void block_u8(const Source<std::uint8_t>& source, const float* x, const float* y, std::ptrdiff_t n,
              std::uint8_t* out) {
  Taps taps;
  const bool wide = locate(source, x, y, n, taps);
  std::ptrdiff_t i = 0;
#if defined(__AVX2__)
  if (wide) {
    for (; i + 4 <= n; i += 4) four_u8<C>(source.data, taps, i, out);
  }
#else
  (void)wide;
#endif
  for (; i < n; ++i) one_u8<C>(source.data, taps, i, out);
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
