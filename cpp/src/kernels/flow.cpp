// One point's window found again: Lucas-Kanade at one level of a pyramid. Sums run in sixteen
// lanes, one a column of the window, which are added up in a fixed order: the same bytes on every
// instruction set.
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

constexpr int kSide = kFlowWindow;
constexpr float kArea = kSide * kSide;
constexpr float kHalf = (kSide - 1) * 0.5f;
static_assert(kSide == 16, "a row of the window is one Lanes");

// Sixteen floats. (As plain arrays the sums went through memory in every row: half the speed.)
#if defined(__AVX512F__)
using Lanes = __m512;
inline Lanes every(float v) { return _mm512_set1_ps(v); }
inline Lanes bytes(const std::uint8_t* p) {
  return _mm512_cvtepi32_ps(
      _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline Lanes floats(const float* p) { return _mm512_loadu_ps(p); }
inline void store(Lanes a, float* p) { _mm512_storeu_ps(p, a); }
inline Lanes plus(Lanes a, Lanes b) { return _mm512_add_ps(a, b); }
inline Lanes minus(Lanes a, Lanes b) { return _mm512_sub_ps(a, b); }
inline Lanes times(Lanes a, Lanes b) { return _mm512_mul_ps(a, b); }
#elif defined(__AVX2__)
struct Lanes {
  __m256 low, high;
};
inline Lanes every(float v) { return {_mm256_set1_ps(v), _mm256_set1_ps(v)}; }
inline __m256 eight_bytes(const std::uint8_t* p) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline Lanes bytes(const std::uint8_t* p) { return {eight_bytes(p), eight_bytes(p + 8)}; }
inline Lanes floats(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(const Lanes& a, float* p) {
  _mm256_storeu_ps(p, a.low);
  _mm256_storeu_ps(p + 8, a.high);
}
inline Lanes plus(const Lanes& a, const Lanes& b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
inline Lanes minus(const Lanes& a, const Lanes& b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
inline Lanes times(const Lanes& a, const Lanes& b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
#else
struct Lanes {
  float v[kSide];
};
inline Lanes every(float v) {
  Lanes out;
  for (int i = 0; i < kSide; ++i) out.v[i] = v;
  return out;
}
inline Lanes bytes(const std::uint8_t* p) {
  Lanes out;
  for (int i = 0; i < kSide; ++i) out.v[i] = static_cast<float>(p[i]);
  return out;
}
inline Lanes floats(const float* p) {
  Lanes out;
  for (int i = 0; i < kSide; ++i) out.v[i] = p[i];
  return out;
}
inline void store(const Lanes& a, float* p) {
  for (int i = 0; i < kSide; ++i) p[i] = a.v[i];
}
inline Lanes plus(const Lanes& a, const Lanes& b) {
  Lanes out;
  for (int i = 0; i < kSide; ++i) out.v[i] = a.v[i] + b.v[i];
  return out;
}
inline Lanes minus(const Lanes& a, const Lanes& b) {
  Lanes out;
  for (int i = 0; i < kSide; ++i) out.v[i] = a.v[i] - b.v[i];
  return out;
}
inline Lanes times(const Lanes& a, const Lanes& b) {
  Lanes out;
  for (int i = 0; i < kSide; ++i) out.v[i] = a.v[i] * b.v[i];
  return out;
}
#endif

inline float total(const Lanes& lanes) {
  float all[16], eight[8], four[4];
  store(lanes, all);
  for (int i = 0; i < 8; ++i) eight[i] = all[i] + all[i + 8];
  for (int i = 0; i < 4; ++i) four[i] = eight[i] + eight[i + 4];
  return (four[0] + four[2]) + (four[1] + four[3]);
}

// a + share * (b - a)
inline Lanes between(const Lanes& a, const Lanes& b, const Lanes& share) {
  return plus(a, times(share, minus(b, a)));
}

struct Place {
  const std::uint8_t* pixel;
  float fx, fy;
};

// The pixel at or before (x, y), which lies at most kFlowPad outside.
inline Place place(const FlowImage& image, float x, float y) {
  const float px = x + kFlowPad, py = y + kFlowPad;
  const auto ix = static_cast<std::int32_t>(px), iy = static_cast<std::int32_t>(py);
  return {image.data + (iy - kFlowPad) * image.stride + (ix - kFlowPad),
          px - static_cast<float>(ix), py - static_cast<float>(iy)};
}

struct Window {
  float value[kSide * kSide], dx[kSide * kSide], dy[kSide * kSide];
  float sum_x, sum_y;  // of dx and dy
  float xx, xy, yy;    // their covariances, times the area
};

void cut(const FlowImage& image, float x, float y, Window& window) {
  const Place at = place(image, x - kHalf - 1, y - kHalf - 1);
  const Lanes fx = every(at.fx), fy = every(at.fy), half = every(0.5f);
  Lanes sx = every(0), sy = sx, xx = sx, xy = sx, yy = sx;
  // Of three rows: between the columns, then between the rows. `middle` is a column further right
  // than `left`, as the window is.
  Lanes upper_left = sx, upper_middle = sx, upper_right = sx;
  Lanes before = sx, here = sx, slope = sx;
  for (int r = 0; r < kSide + 3; ++r) {
    const std::uint8_t* const p = at.pixel + r * image.stride;
    const Lanes a = bytes(p), b = bytes(p + 1), c = bytes(p + 2), d = bytes(p + 3);
    const Lanes left = between(a, b, fx), middle = between(b, c, fx), right = between(c, d, fx);
    const Lanes after = between(upper_middle, middle, fy);  // row r - 1 of those cut
    if (r >= 3) {
      const Lanes dy = times(minus(after, before), half);
      const int i = (r - 3) * kSide;
      store(here, window.value + i);
      store(slope, window.dx + i);
      store(dy, window.dy + i);
      sx = plus(sx, slope);
      sy = plus(sy, dy);
      xx = plus(xx, times(slope, slope));
      xy = plus(xy, times(slope, dy));
      yy = plus(yy, times(dy, dy));
    }
    slope = times(minus(between(upper_right, right, fy), between(upper_left, left, fy)), half);
    before = here;
    here = after;
    upper_left = left;
    upper_middle = middle;
    upper_right = right;
  }
  window.sum_x = total(sx);
  window.sum_y = total(sy);
  window.xx = total(xx) - window.sum_x * window.sum_x / kArea;
  window.xy = total(xy) - window.sum_x * window.sum_y / kArea;
  window.yy = total(yy) - window.sum_y * window.sum_y / kArea;
}

struct Mismatch {
  float x, y;    // sums of difference times gradient
  float square;  // sum of squared differences
};

// Of the window from the picture at (u, v), evenly brighter or darker pixels not counted.
inline Mismatch compare(const Window& window, const FlowImage& image, float u, float v) {
  const Place at = place(image, u - kHalf, v - kHalf);
  const Lanes fx = every(at.fx), fy = every(at.fy);
  Lanes s = every(0), sx = s, sy = s, ss = s;
  Lanes upper = between(bytes(at.pixel), bytes(at.pixel + 1), fx);
  for (int r = 0; r < kSide; ++r) {
    const std::uint8_t* const p = at.pixel + (r + 1) * image.stride;
    const Lanes lower = between(bytes(p), bytes(p + 1), fx);
    const Lanes d = minus(between(upper, lower, fy), floats(window.value + r * kSide));
    s = plus(s, d);
    ss = plus(ss, times(d, d));
    sx = plus(sx, times(d, floats(window.dx + r * kSide)));
    sy = plus(sy, times(d, floats(window.dy + r * kSide)));
    upper = lower;
  }
  const float mean = total(s) / kArea;
  const float square = total(ss) - mean * mean * kArea;
  return {total(sx) - mean * window.sum_x, total(sy) - mean * window.sum_y,
          square > 0.0f ? square : 0.0f};
}

// Up to a pixel outside, where a picture's outer points lie after it was halved.
inline bool inside(const FlowImage& image, float x, float y) {
  return x >= -1.0f && y >= -1.0f && x <= static_cast<float>(image.width) &&
         y <= static_cast<float>(image.height);
}

// Whether the smaller eigenvalue of the mean of gradient times gradient is at least `least`.
inline bool has_texture(const Window& window, float least) {
  const float a = window.xx / kArea - least, c = window.yy / kArea - least, b = window.xy / kArea;
  return a > 0.0f && c > 0.0f && a * c > b * b;
}

// Moves (u, v) to where the window of `from` at (x, y) lies in `to`; false where that cannot be
// said, (u, v) then being as before.
bool follow(const FlowImage& from, const FlowImage& to, float x, float y, int iterations, float* u,
            float* v, float* square) {
  float a = *u, b = *v;
  if (!inside(from, x, y) || !inside(to, a, b)) return false;
  Window window;
  cut(from, x, y, window);
  Mismatch miss = compare(window, to, a, b);
  if (iterations > 0) {
    if (!has_texture(window, kFlowTexture)) return false;
    const float determinant = window.xx * window.yy - window.xy * window.xy;
    for (int i = 0; i < iterations; ++i) {
      const float step_x = (window.xy * miss.y - window.yy * miss.x) / determinant;
      const float step_y = (window.xy * miss.x - window.xx * miss.y) / determinant;
      a += step_x;
      b += step_y;
      if (!inside(to, a, b)) return false;
      if (step_x * step_x + step_y * step_y < kFlowStill) break;
      miss = compare(window, to, a, b);
    }
  }
  *u = a;
  *v = b;
  *square = miss.square / kArea;
  return true;
}

// Means of 2 x 2 pixels, n of them.
void halve_row(const std::uint8_t* __restrict upper, const std::uint8_t* __restrict lower,
               std::ptrdiff_t n, std::uint8_t* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const int sum = upper[2 * i] + upper[2 * i + 1] + lower[2 * i] + lower[2 * i + 1];
    out[i] = static_cast<std::uint8_t>((sum + 2) >> 2);
  }
}

}  // namespace

extern const FlowKernels flow_kernels;
const FlowKernels flow_kernels = {follow, halve_row};

}  // namespace cvfast::CVFAST_ISA
