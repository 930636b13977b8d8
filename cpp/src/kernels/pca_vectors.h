// The registers of PCA's tiles: floats, and words of four bytes, for each instruction set. A tile
// is kRows rows of two registers of kLanes.
#pragma once

#include <string.h>

#include <cstdint>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#define CVFAST_SSE2
#elif defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define CVFAST_SSE2
#endif

namespace cvfast::CVFAST_ISA {

namespace {

#if defined(__AVX512F__)
constexpr int kRows = 12, kLanes = 16;
using Floats = __m512;
using Words = __m512i;
inline Floats zero() { return _mm512_setzero_ps(); }
inline Floats load(const float* p) { return _mm512_loadu_ps(p); }
inline Floats widened(const std::int16_t* p) {
  const __m256i shorts = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  // All lanes by a mask: without one GCC 12 warns of the undefined lanes that its header begins
  // with.
  constexpr __mmask16 all = 0xffff;
  return _mm512_maskz_cvtepi32_ps(all, _mm512_maskz_cvtepi16_epi32(all, shorts));
}
inline Floats spread(float v) { return _mm512_set1_ps(v); }
inline Floats add_product(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
inline void store(float* p, Floats v) { _mm512_storeu_ps(p, v); }
inline Words zero_words() { return _mm512_setzero_si512(); }
inline Words load(const std::uint32_t* p) { return _mm512_loadu_si512(p); }
inline Words spread(std::uint32_t v) { return _mm512_set1_epi32(static_cast<int>(v)); }
inline Words even_bytes(Words v) { return _mm512_and_si512(v, _mm512_set1_epi16(255)); }
inline Words odd_bytes(Words v) { return _mm512_srli_epi16(v, 8); }
inline Words add_pairs(Words a, Words b, Words c) {
  return _mm512_add_epi32(c, _mm512_madd_epi16(a, b));
}
inline void store(std::int32_t* p, Words v) { _mm512_storeu_si512(p, v); }
#elif defined(__AVX2__)
constexpr int kRows = 6, kLanes = 8;
using Floats = __m256;
using Words = __m256i;
inline Floats zero() { return _mm256_setzero_ps(); }
inline Floats load(const float* p) { return _mm256_loadu_ps(p); }
inline Floats widened(const std::int16_t* p) {
  const __m128i shorts = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(shorts));
}
inline Floats spread(float v) { return _mm256_set1_ps(v); }
inline Floats add_product(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
inline void store(float* p, Floats v) { _mm256_storeu_ps(p, v); }
inline Words zero_words() { return _mm256_setzero_si256(); }
inline Words load(const std::uint32_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline Words spread(std::uint32_t v) { return _mm256_set1_epi32(static_cast<int>(v)); }
inline Words even_bytes(Words v) { return _mm256_and_si256(v, _mm256_set1_epi16(255)); }
inline Words odd_bytes(Words v) { return _mm256_srli_epi16(v, 8); }
inline Words add_pairs(Words a, Words b, Words c) {
  return _mm256_add_epi32(c, _mm256_madd_epi16(a, b));
}
inline void store(std::int32_t* p, Words v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
}
#elif defined(CVFAST_SSE2)
constexpr int kRows = 6, kLanes = 4;
using Floats = __m128;
using Words = __m128i;
inline Floats zero() { return _mm_setzero_ps(); }
inline Floats load(const float* p) { return _mm_loadu_ps(p); }
inline Floats spread(float v) { return _mm_set1_ps(v); }
inline Floats add_product(Floats a, Floats b, Floats c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
inline void store(float* p, Floats v) { _mm_storeu_ps(p, v); }
inline Words zero_words() { return _mm_setzero_si128(); }
inline Words load(const std::uint32_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline Words spread(std::uint32_t v) { return _mm_set1_epi32(static_cast<int>(v)); }
inline Words even_bytes(Words v) { return _mm_and_si128(v, _mm_set1_epi16(255)); }
inline Words odd_bytes(Words v) { return _mm_srli_epi16(v, 8); }
inline Words add_pairs(Words a, Words b, Words c) { return _mm_add_epi32(c, _mm_madd_epi16(a, b)); }
inline void store(std::int32_t* p, Words v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v); }
#else
constexpr int kRows = 6, kLanes = 4;
struct Floats {
  float v[kLanes];
};
struct Words {
  std::uint32_t v[kLanes];
};
inline Floats spread(float x) { return {{x, x, x, x}}; }
inline Floats zero() { return spread(0.0f); }
inline Floats load(const float* p) { return {{p[0], p[1], p[2], p[3]}}; }
inline Floats add_product(Floats a, Floats b, Floats c) {
  for (int i = 0; i < kLanes; ++i) c.v[i] += a.v[i] * b.v[i];
  return c;
}
inline void store(float* p, Floats x) { memcpy(p, x.v, sizeof x.v); }
inline Words spread(std::uint32_t x) { return {{x, x, x, x}}; }
inline Words zero_words() { return spread(0u); }
inline Words load(const std::uint32_t* p) { return {{p[0], p[1], p[2], p[3]}}; }
inline Words even_bytes(Words x) {
  for (int i = 0; i < kLanes; ++i) x.v[i] &= 0x00ff00ffu;
  return x;
}
inline Words odd_bytes(Words x) {
  for (int i = 0; i < kLanes; ++i) x.v[i] = (x.v[i] >> 8) & 0x00ff00ffu;
  return x;
}
inline Words add_pairs(Words a, Words b, Words c) {
  for (int i = 0; i < kLanes; ++i) {
    c.v[i] += (a.v[i] & 0xffffu) * (b.v[i] & 0xffffu) + (a.v[i] >> 16) * (b.v[i] >> 16);
  }
  return c;
}
inline void store(std::int32_t* p, Words x) { memcpy(p, x.v, sizeof x.v); }
#endif

#if !defined(__AVX2__) && !defined(__AVX512F__)
inline Floats widened(const std::int16_t* p) {
  float wide[kLanes];
  for (int i = 0; i < kLanes; ++i) wide[i] = static_cast<float>(p[i]);
  return load(wide);
}
#endif

}  // namespace

}  // namespace cvfast::CVFAST_ISA
