// Windows side by side, one a lane. Each lane is computed on its own, in the same order on every
// instruction set, so that their number does not matter.
#pragma once

#include <cmath>

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

// Contrast of a window as the factor of its features' values: 1 / sqrt(area * squares - sum^2).
inline bool contrast(std::int32_t sum, std::uint32_t squares, double area, float* factor) {
  const double s = static_cast<double>(sum);
  const double spread = area * static_cast<double>(squares) - s * s;
  *factor = 1.0F;
  if (!(spread > 0)) return false;
  *factor = static_cast<float>(1.0 / std::sqrt(spread));
  return area * static_cast<double>(*factor) < 0.1;
}

template <int N>
struct Plain {
  static constexpr int kLanes = N;
  struct Ints {
    std::int32_t v[N];
  };
  struct Floats {
    float v[N];
  };
  struct Doubles {
    double v[N];
  };
  using Mask = std::uint32_t;

  static Ints load(const std::int32_t* p) {
    Ints out;
    for (int i = 0; i < N; ++i) out.v[i] = p[i];
    return out;
  }
  static Floats load(const float* p) {
    Floats out;
    for (int i = 0; i < N; ++i) out.v[i] = p[i];
    return out;
  }
  static Ints plus(const Ints& a, const Ints& b) {
    Ints out;
    for (int i = 0; i < N; ++i) {
      out.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) +
                                           static_cast<std::uint32_t>(b.v[i]));
    }
    return out;
  }
  static Ints minus(const Ints& a, const Ints& b) {
    Ints out;
    for (int i = 0; i < N; ++i) {
      out.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) -
                                           static_cast<std::uint32_t>(b.v[i]));
    }
    return out;
  }
  static Floats weighed(const Ints& a, float weight) {
    Floats out;
    for (int i = 0; i < N; ++i) out.v[i] = weight * static_cast<float>(a.v[i]);
    return out;
  }
  static Floats plus(const Floats& a, const Floats& b) {
    Floats out;
    for (int i = 0; i < N; ++i) out.v[i] = a.v[i] + b.v[i];
    return out;
  }
  static Floats times(const Floats& a, const Floats& b) {
    Floats out;
    for (int i = 0; i < N; ++i) out.v[i] = a.v[i] * b.v[i];
    return out;
  }
  static Mask below(const Floats& a, float b) {
    Mask out = 0;
    for (int i = 0; i < N; ++i) out |= static_cast<Mask>(a.v[i] < b) << i;
    return out;
  }
  static Mask contrasts(const Ints& sum, const Ints& squares, double area, float* factors) {
    Mask out = 0;
    for (int i = 0; i < N; ++i) {
      out |= static_cast<Mask>(contrast(sum.v[i], static_cast<std::uint32_t>(squares.v[i]), area,
                                        factors + i))
             << i;
    }
    return out;
  }
  static Ints zero_ints() { return {}; }
  static Ints add_bit(const Ints& code, const Ints& cell, const Ints& centre, std::int32_t bit) {
    Ints out;
    for (int i = 0; i < N; ++i) out.v[i] = code.v[i] | (cell.v[i] >= centre.v[i] ? bit : 0);
    return out;
  }
  static Mask in_subset(const Ints& code, const std::int32_t* subset) {
    Mask out = 0;
    for (int i = 0; i < N; ++i) {
      const auto word = static_cast<std::uint32_t>(subset[code.v[i] >> 5]);
      out |= (word >> (code.v[i] & 31) & 1U) << i;
    }
    return out;
  }
  static Doubles zero() { return {}; }
  static void choose(Doubles& to, Mask where, double value) {
    for (int i = 0; i < N; ++i) to.v[i] = (where >> i & 1U) != 0 ? value : to.v[i];
  }
  static void add(Doubles& to, const Doubles& values) {
    for (int i = 0; i < N; ++i) to.v[i] += values.v[i];
  }
  static void add_either(Doubles& to, Mask left, double a, double b) {
    for (int i = 0; i < N; ++i) to.v[i] += (left >> i & 1U) != 0 ? a : b;
  }
  static Mask at_least(const Doubles& a, double b) {
    Mask out = 0;
    for (int i = 0; i < N; ++i) out |= static_cast<Mask>(a.v[i] >= b) << i;
    return out;
  }
  static void store(const Doubles& a, double* p) {
    for (int i = 0; i < N; ++i) p[i] = a.v[i];
  }
};

#if defined(__AVX512F__)

struct Wide {
  static constexpr int kLanes = 16;
  using Ints = __m512i;
  using Floats = __m512;
  struct Doubles {
    __m512d low, high;
  };
  using Mask = std::uint32_t;

  static Ints load(const std::int32_t* p) { return _mm512_loadu_si512(p); }
  static Floats load(const float* p) { return _mm512_loadu_ps(p); }
  static Ints plus(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  static Ints minus(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
  static Floats weighed(Ints a, float weight) {
    return _mm512_mul_ps(_mm512_cvtepi32_ps(a), _mm512_set1_ps(weight));
  }
  static Floats plus(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats times(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Mask below(Floats a, float b) {
    return _mm512_cmp_ps_mask(a, _mm512_set1_ps(b), _CMP_LT_OQ);
  }
  static __mmask8 contrasts(__m256i sum, __m256i squares, double area, float* factors) {
    const __m512d s = _mm512_cvtepi32_pd(sum), a = _mm512_set1_pd(area);
    const __m512d spread =
        _mm512_sub_pd(_mm512_mul_pd(a, _mm512_cvtepu32_pd(squares)), _mm512_mul_pd(s, s));
    const __mmask8 some = _mm512_cmp_pd_mask(spread, _mm512_setzero_pd(), _CMP_GT_OQ);
    const __m512d one = _mm512_set1_pd(1.0);
    const __m512d root = _mm512_mask_sqrt_pd(one, some, spread);
    const __m256 factor = _mm512_cvtpd_ps(_mm512_div_pd(one, root));
    _mm256_storeu_ps(factors, factor);
    const __m512d share = _mm512_mul_pd(a, _mm512_cvtps_pd(factor));
    return some & _mm512_cmp_pd_mask(share, _mm512_set1_pd(0.1), _CMP_LT_OQ);
  }
  static Mask contrasts(Ints sum, Ints squares, double area, float* factors) {
    const Mask low = contrasts(_mm512_castsi512_si256(sum), _mm512_castsi512_si256(squares), area,
                               factors);
    const Mask high = contrasts(_mm512_extracti64x4_epi64(sum, 1),
                                _mm512_extracti64x4_epi64(squares, 1), area, factors + 8);
    return low | high << 8;
  }
  static Ints zero_ints() { return _mm512_setzero_si512(); }
  static Ints add_bit(Ints code, Ints cell, Ints centre, std::int32_t bit) {
    const __mmask16 set = _mm512_cmpge_epi32_mask(cell, centre);
    return _mm512_mask_or_epi32(code, set, code, _mm512_set1_epi32(bit));
  }
  static Mask in_subset(Ints code, const std::int32_t* subset) {
    const Ints words = _mm512_broadcast_i64x4(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(subset)));
    const Ints word = _mm512_permutexvar_epi32(_mm512_srli_epi32(code, 5), words);
    const Ints bit = _mm512_sllv_epi32(_mm512_set1_epi32(1),
                                       _mm512_and_si512(code, _mm512_set1_epi32(31)));
    return _mm512_test_epi32_mask(word, bit);
  }
  static Doubles zero() { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
  static void choose(Doubles& to, Mask where, double value) {
    const __m512d all = _mm512_set1_pd(value);
    to.low = _mm512_mask_mov_pd(to.low, static_cast<__mmask8>(where), all);
    to.high = _mm512_mask_mov_pd(to.high, static_cast<__mmask8>(where >> 8), all);
  }
  static void add(Doubles& to, const Doubles& values) {
    to.low = _mm512_add_pd(to.low, values.low);
    to.high = _mm512_add_pd(to.high, values.high);
  }
  static void add_either(Doubles& to, Mask left, double a, double b) {
    Doubles values = {_mm512_set1_pd(b), _mm512_set1_pd(b)};
    choose(values, left, a);
    add(to, values);
  }
  static Mask at_least(const Doubles& a, double b) {
    const __m512d all = _mm512_set1_pd(b);
    const Mask low = _mm512_cmp_pd_mask(a.low, all, _CMP_GE_OQ);
    return low | static_cast<Mask>(_mm512_cmp_pd_mask(a.high, all, _CMP_GE_OQ)) << 8;
  }
  static void store(const Doubles& a, double* p) {
    _mm512_storeu_pd(p, a.low);
    _mm512_storeu_pd(p + 8, a.high);
  }
};

#elif defined(__AVX2__)

struct Wide {
  static constexpr int kLanes = 8;
  using Ints = __m256i;
  using Floats = __m256;
  struct Doubles {
    __m256d low, high;
  };
  using Mask = std::uint32_t;

  static Ints load(const std::int32_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static Floats load(const float* p) { return _mm256_loadu_ps(p); }
  static Ints plus(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  static Ints minus(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
  static Floats weighed(Ints a, float weight) {
    return _mm256_mul_ps(_mm256_cvtepi32_ps(a), _mm256_set1_ps(weight));
  }
  static Floats plus(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static Floats times(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Mask bits(__m256 mask) { return static_cast<Mask>(_mm256_movemask_ps(mask)); }
  static Mask bits(__m256d mask) { return static_cast<Mask>(_mm256_movemask_pd(mask)); }
  // A mask's bits spread over four lanes again.
  static __m256d spread(Mask where) {
    const __m256i bit = _mm256_set_epi64x(8, 4, 2, 1);
    const __m256i all = _mm256_set1_epi64x(static_cast<long long>(where));
    return _mm256_castsi256_pd(_mm256_cmpeq_epi64(_mm256_and_si256(all, bit), bit));
  }
  static Mask below(Floats a, float b) {
    return bits(_mm256_cmp_ps(a, _mm256_set1_ps(b), _CMP_LT_OQ));
  }
  static Mask contrasts(__m128i sum, __m128i squares, double area, float* factors) {
    const __m128i top = _mm_set1_epi32(INT32_MIN);
    const __m256d unsigned_squares = _mm256_add_pd(
        _mm256_cvtepi32_pd(_mm_xor_si128(squares, top)), _mm256_set1_pd(2147483648.0));
    const __m256d s = _mm256_cvtepi32_pd(sum), a = _mm256_set1_pd(area);
    const __m256d value =
        _mm256_sub_pd(_mm256_mul_pd(a, unsigned_squares), _mm256_mul_pd(s, s));
    const __m256d some = _mm256_cmp_pd(value, _mm256_setzero_pd(), _CMP_GT_OQ);
    const __m256d one = _mm256_set1_pd(1.0);
    const __m256d root = _mm256_sqrt_pd(_mm256_blendv_pd(one, value, some));
    const __m128 factor = _mm256_cvtpd_ps(_mm256_div_pd(one, root));
    _mm_storeu_ps(factors, factor);
    const __m256d share = _mm256_mul_pd(a, _mm256_cvtps_pd(factor));
    return bits(_mm256_and_pd(some, _mm256_cmp_pd(share, _mm256_set1_pd(0.1), _CMP_LT_OQ)));
  }
  static Mask contrasts(Ints sum, Ints squares, double area, float* factors) {
    const Mask low = contrasts(_mm256_castsi256_si128(sum), _mm256_castsi256_si128(squares), area,
                               factors);
    return low | contrasts(_mm256_extracti128_si256(sum, 1), _mm256_extracti128_si256(squares, 1),
                           area, factors + 4)
                     << 4;
  }
  static Ints zero_ints() { return _mm256_setzero_si256(); }
  static Ints add_bit(Ints code, Ints cell, Ints centre, std::int32_t bit) {
    const Ints unset = _mm256_cmpgt_epi32(centre, cell);
    return _mm256_or_si256(code, _mm256_andnot_si256(unset, _mm256_set1_epi32(bit)));
  }
  static Mask in_subset(Ints code, const std::int32_t* subset) {
    const Ints word = _mm256_permutevar8x32_epi32(load(subset), _mm256_srli_epi32(code, 5));
    const Ints bit = _mm256_sllv_epi32(_mm256_set1_epi32(1),
                                       _mm256_and_si256(code, _mm256_set1_epi32(31)));
    const Ints found = _mm256_cmpeq_epi32(_mm256_and_si256(word, bit), bit);
    return bits(_mm256_castsi256_ps(found));
  }
  static Doubles zero() { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
  static void choose(Doubles& to, Mask where, double value) {
    const __m256d all = _mm256_set1_pd(value);
    to.low = _mm256_blendv_pd(to.low, all, spread(where));
    to.high = _mm256_blendv_pd(to.high, all, spread(where >> 4));
  }
  static void add(Doubles& to, const Doubles& values) {
    to.low = _mm256_add_pd(to.low, values.low);
    to.high = _mm256_add_pd(to.high, values.high);
  }
  static void add_either(Doubles& to, Mask left, double a, double b) {
    Doubles values = {_mm256_set1_pd(b), _mm256_set1_pd(b)};
    choose(values, left, a);
    add(to, values);
  }
  static Mask at_least(const Doubles& a, double b) {
    const __m256d all = _mm256_set1_pd(b);
    const Mask low = bits(_mm256_cmp_pd(a.low, all, _CMP_GE_OQ));
    return low | bits(_mm256_cmp_pd(a.high, all, _CMP_GE_OQ)) << 4;
  }
  static void store(const Doubles& a, double* p) {
    _mm256_storeu_pd(p, a.low);
    _mm256_storeu_pd(p + 4, a.high);
  }
};

#else

using Wide = Plain<8>;

#endif

}  // namespace

}  // namespace cvfast::CVFAST_ISA
