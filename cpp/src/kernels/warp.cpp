// The three local warps as inverse maps: where in the source an output pixel comes from.
#include <math.h>

#include "kernels/kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

// Every map adds a displacement, which is exactly 0 where nothing moves: such pixels stay
// bit-equal.

// r' = r (1 - a (1 - r/R)^2)
void scale_points(Disc disc, float* __restrict x, float* __restrict y, std::ptrdiff_t n) {
  for (std::ptrdiff_t i = 0; i < whole_groups(n); ++i) {
    const float dx = x[i] - disc.x, dy = y[i] - disc.y;
    const float r2 = dx * dx + dy * dy;
    const float t = 1.0f - sqrtf(r2) * disc.inverse_radius;
    const float nearer = r2 < disc.radius2 ? disc.p * (t * t) : 0.0f;
    x[i] -= dx * nearer;
    y[i] -= dy * nearer;
  }
}

// u = x - (1 - r^2/R^2)^2 (m - c)
void translate_points(Disc disc, float* __restrict x, float* __restrict y, std::ptrdiff_t n) {
  const float inverse = disc.inverse_radius * disc.inverse_radius;
  for (std::ptrdiff_t i = 0; i < whole_groups(n); ++i) {
    const float dx = x[i] - disc.x, dy = y[i] - disc.y;
    const float r2 = dx * dx + dy * dy;
    const float t = 1.0f - r2 * inverse;
    const float weight = r2 < disc.radius2 ? t * t : 0.0f;
    x[i] -= weight * disc.p;
    y[i] -= weight * disc.q;
  }
}

// Turned back by a (1 - r/R)^2. Sine and cosine as polynomials of a quarter turn (Cody and Waite's
// reduction in three parts): library versions differ between machines, these do not.
void rotate_points(Disc disc, float* __restrict x, float* __restrict y, std::ptrdiff_t n) {
  for (std::ptrdiff_t i = 0; i < whole_groups(n); ++i) {
    const float dx = x[i] - disc.x, dy = y[i] - disc.y;
    const float r2 = dx * dx + dy * dy;
    const float t = 1.0f - sqrtf(r2) * disc.inverse_radius;
    const float angle = r2 < disc.radius2 ? disc.p * (t * t) : 0.0f;
    const float turns = angle * 0.636619772f;
    const auto quarter = static_cast<std::int32_t>(turns + (turns < 0.0f ? -0.5f : 0.5f));
    const auto k = static_cast<float>(quarter);
    const float a = ((angle - k * 1.5703125f) - k * 4.837512969970703125e-4f) - k * 7.549789948e-8f;
    const float a2 = a * a;
    const float s =
        a + a * a2 * (-1.6666654611e-1f + a2 * (8.3321608736e-3f + a2 * -1.9515295891e-4f));
    const float c =
        1.0f - 0.5f * a2 +
        a2 * a2 *
            (4.166664568298827e-2f + a2 * (-1.388731625493765e-3f + a2 * 2.443315711809948e-5f));
    const bool odd = (quarter & 1) != 0;
    const float sine_size = odd ? c : s, cosine_size = odd ? s : c;
    const float sine = (quarter & 2) != 0 ? -sine_size : sine_size;
    const float cosine = ((quarter + 1) & 2) != 0 ? -cosine_size : cosine_size;
    x[i] += dx * (cosine - 1.0f) + dy * sine;
    y[i] += dy * (cosine - 1.0f) - dx * sine;
  }
}

// The last disc acts on the finished picture, so its inverse comes first.
void map_block(const DiscSpan& span, std::ptrdiff_t first, std::ptrdiff_t length, float* x,
               float* y) {
  const std::ptrdiff_t n = whole_groups(length);  // x and y have room for kBlock
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    x[i] = span.x + static_cast<float>(static_cast<std::int32_t>(first + i));
    y[i] = span.y;
  }
  // A disc too far from the block, and from where the discs before can have moved its points, is
  // passed over; one pixel covers the rounding.
  const float left = x[0], right = x[n - 1];
  float moved = 1.0f;
  for (std::ptrdiff_t d = span.count; d-- > 0;) {
    const Disc& disc = span.discs[d];
    const float near = disc.radius + moved;
    if (disc.x + near < left || disc.x - near > right || disc.y + near < span.y ||
        disc.y - near > span.y) {
      continue;
    }
    moved += disc.reach;
    switch (span.kind) {
      case 0: scale_points(disc, x, y, n); break;
      case 1: translate_points(disc, x, y, n); break;
      default: rotate_points(disc, x, y, n); break;
    }
  }
}

void span_u8(const Source<std::uint8_t>& source, const DiscSpan& span, std::uint8_t* out) {
  alignas(64) float x[kBlock], y[kBlock];
  for (std::ptrdiff_t i = 0; i < span.length; i += kBlock) {
    const std::ptrdiff_t n = span.length - i < kBlock ? span.length - i : kBlock;
    map_block(span, i, n, x, y);
    sample_u8(source, x, y, n, out + i * source.channels);
  }
}

void span_f32(const Source<float>& source, const DiscSpan& span, float* out) {
  alignas(64) float x[kBlock], y[kBlock];
  for (std::ptrdiff_t i = 0; i < span.length; i += kBlock) {
    const std::ptrdiff_t n = span.length - i < kBlock ? span.length - i : kBlock;
    map_block(span, i, n, x, y);
    sample_f32(source, x, y, n, out + i * source.channels);
  }
}

}  // namespace

extern const WarpKernels warp_kernels;
const WarpKernels warp_kernels = {span_u8, span_f32};

}  // namespace cvfast::CVFAST_ISA
