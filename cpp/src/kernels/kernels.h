// What the files of this folder offer, declared once for every instruction set they are compiled
// for. They hold plain loops over raw pointers: no std containers, no templates with external
// linkage, no statics, so that no symbol of a wide build can be linked into a narrower one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cvfast {

// A picture to sample bilinearly; points outside clamp to its edge.
template <typename T>
struct Source {
  const T* data;
  std::ptrdiff_t width, height, channels, row_stride;
};

struct Disc {
  float x, y;        // centre, in the source's coordinates
  float radius, inverse_radius, radius2;
  float p, q;        // strength | drag x, drag y | angle
};

struct DiscSpan {
  int kind;          // a LocalWarp
  const Disc* discs;
  std::ptrdiff_t count;
  float x, y;        // the first output pixel, in the source's coordinates
  std::ptrdiff_t length;
};

struct WarpKernels {
  void (*span_u8)(const Source<std::uint8_t>&, const DiscSpan&, std::uint8_t* out);
  void (*span_f32)(const Source<float>&, const DiscSpan&, float* out);
};

constexpr std::ptrdiff_t kBlock = 256;  // points mapped and sampled at a time, kept in L1

#define CVFAST_DECLARE_KERNELS(isa)                                                               \
  namespace isa {                                                                                 \
  void sample_u8(const Source<std::uint8_t>&, const float* x, const float* y, std::ptrdiff_t n,   \
                 std::uint8_t* out);                                                              \
  void sample_f32(const Source<float>&, const float* x, const float* y, std::ptrdiff_t n,         \
                  float* out);                                                                    \
  extern const WarpKernels warp_kernels;                                                          \
  }

CVFAST_DECLARE_KERNELS(baseline)
CVFAST_DECLARE_KERNELS(v3)
CVFAST_DECLARE_KERNELS(v4)

}  // namespace cvfast
