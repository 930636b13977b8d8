// The best cut of 16 features at a time. Sums are whole numbers, so that no order of adding and no
// width of registers changes them.
#include <string.h>

#include "kernels.h"

#if defined(__AVX2__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12's own AVX-512 header (PR 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"        // the same, under sanitizers
#endif
#include <immintrin.h>
#endif

namespace cvfast::CVFAST_ISA {

namespace {

constexpr unsigned kNumber = kBoostCut - 1;

// (L - l c)^2 / (l (total - l)); the callers see to it that neither factor below is 0.
inline float part(std::int32_t signs, std::int32_t weights, std::int32_t total, float c) {
  const float left = static_cast<float>(weights), right = static_cast<float>(total - weights);
  const float d = static_cast<float>(signs) - left * c;
  return d * d / (left * right);
}

}  // namespace

#if defined(__AVX512F__) && defined(__AVX512VL__)

void boost_extremes(const std::uint16_t* order, std::ptrdiff_t n, const std::int32_t* signs,
                    std::int32_t* least, std::int32_t* most) {
  __m512i sum = _mm512_setzero_si512(), low = sum, high = sum;
  const __m512i number = _mm512_set1_epi32(static_cast<int>(kNumber));
  const __m512i cut = _mm512_set1_epi32(static_cast<int>(kBoostCut));
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const __m512i entry = _mm512_cvtepu16_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(order + i * kBoostLanes)));
    sum = _mm512_add_epi32(sum, _mm512_i32gather_epi32(_mm512_and_si512(entry, number), signs, 4));
    const __mmask16 may = _mm512_test_epi32_mask(entry, cut);
    low = _mm512_mask_min_epi32(low, may, low, sum);
    high = _mm512_mask_max_epi32(high, may, high, sum);
  }
  _mm512_storeu_si512(least, low);
  _mm512_storeu_si512(most, high);
}

#elif defined(__AVX2__)

void boost_extremes(const std::uint16_t* order, std::ptrdiff_t n, const std::int32_t* signs,
                    std::int32_t* least, std::int32_t* most) {
  const __m256i number = _mm256_set1_epi32(static_cast<int>(kNumber));
  for (int half = 0; half < 16; half += 8) {
    __m256i sum = _mm256_setzero_si256(), low = sum, high = sum;
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      const __m256i entry = _mm256_cvtepu16_epi32(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(order + i * kBoostLanes + half)));
      sum =
          _mm256_add_epi32(sum, _mm256_i32gather_epi32(signs, _mm256_and_si256(entry, number), 4));
      // Where no cut may follow, 0 stands in: it is among the sums anyway.
      const __m256i may = _mm256_srai_epi32(_mm256_slli_epi32(entry, 16), 31);
      const __m256i seen = _mm256_and_si256(sum, may);
      low = _mm256_min_epi32(low, seen);
      high = _mm256_max_epi32(high, seen);
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(least + half), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(most + half), high);
  }
}

#else

void boost_extremes(const std::uint16_t* order, std::ptrdiff_t n, const std::int32_t* signs,
                    std::int32_t* least, std::int32_t* most) {
  std::int32_t sum[kBoostLanes] = {}, low[kBoostLanes] = {}, high[kBoostLanes] = {};
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    for (std::ptrdiff_t lane = 0; lane < kBoostLanes; ++lane) {
      const unsigned entry = order[i * kBoostLanes + lane];
      sum[lane] += signs[entry & kNumber];
      const std::int32_t seen = (entry & kBoostCut) != 0 ? sum[lane] : 0;
      low[lane] = seen < low[lane] ? seen : low[lane];
      high[lane] = seen > high[lane] ? seen : high[lane];
    }
  }
  memcpy(least, low, sizeof low);
  memcpy(most, high, sizeof high);
}

#endif

#if defined(__AVX512F__) && defined(__AVX512VL__)

void boost_explained(const std::uint16_t* order, std::ptrdiff_t n, const std::int32_t* pairs,
                     std::int32_t total, float c, float* most) {
  const __m512i number = _mm512_set1_epi32(static_cast<int>(kNumber));
  const __m512i cut = _mm512_set1_epi32(static_cast<int>(kBoostCut));
  const __m512i all = _mm512_set1_epi32(total), zero = _mm512_setzero_si512();
  const __m512 mean = _mm512_set1_ps(c);
  __m512i signs = zero, weights = zero;
  __m512 best = _mm512_setzero_ps();
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const __m512i entry = _mm512_cvtepu16_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(order + i * kBoostLanes)));
    const __m512i at = _mm512_and_si512(entry, number);
    signs = _mm512_add_epi32(signs, _mm512_i32gather_epi32(at, pairs, 8));
    weights = _mm512_add_epi32(weights, _mm512_i32gather_epi32(at, pairs + 1, 8));
    const __m512i rest = _mm512_sub_epi32(all, weights);
    const __mmask16 may = _mm512_test_epi32_mask(entry, cut) &
                          _mm512_cmpgt_epi32_mask(weights, zero) &
                          _mm512_cmpgt_epi32_mask(rest, zero);
    const __m512 left = _mm512_cvtepi32_ps(weights), right = _mm512_cvtepi32_ps(rest);
    const __m512 d = _mm512_sub_ps(_mm512_cvtepi32_ps(signs), _mm512_mul_ps(left, mean));
    const __m512 gain = _mm512_div_ps(_mm512_mul_ps(d, d), _mm512_mul_ps(left, right));
    best = _mm512_mask_max_ps(best, may, best, gain);
  }
  _mm512_storeu_ps(most, best);
}

#else

void boost_explained(const std::uint16_t* order, std::ptrdiff_t n, const std::int32_t* pairs,
                     std::int32_t total, float c, float* most) {
  std::int32_t signs[kBoostLanes] = {}, weights[kBoostLanes] = {};
  float best[kBoostLanes] = {};
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    for (std::ptrdiff_t lane = 0; lane < kBoostLanes; ++lane) {
      const unsigned entry = order[i * kBoostLanes + lane];
      const std::int32_t* pair = pairs + 2 * (entry & kNumber);
      signs[lane] += pair[0];
      weights[lane] += pair[1];
      const bool may = (entry & kBoostCut) != 0 && weights[lane] > 0 && weights[lane] < total;
      const float gain = may ? part(signs[lane], weights[lane], total, c) : 0.0F;
      best[lane] = gain > best[lane] ? gain : best[lane];
    }
  }
  memcpy(most, best, sizeof best);
}

#endif

}  // namespace cvfast::CVFAST_ISA
