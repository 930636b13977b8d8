// Eye colour: where the rim of an iris is, and other chroma inside it. A few hundred samples a
// call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cvfast {

// One plane of samples (8 or 16 bits, or float) and where it lies: the point (x, y) of the picture
// is sample (x * scale_x + offset_x, y * scale_y + offset_y); value = (sample - zero) / levels.
template <typename T>
struct SamplePlane {
  T* data;
  std::ptrdiff_t width, height;
  std::ptrdiff_t row_stride, step;  // elements to the next row and to the next sample
  double scale_x, scale_y, offset_x, offset_y;
  double zero, levels;
};

// The iris is the unit disc u at center + axes u; axes is row by row. The lids are `nodes` places
// along the line from the corner, growing, then the upper and the lower lid beside it at each.
struct EyeShape {
  double center[2];
  double axes[4];
  double corner[2];
  double along[2];
  const double* lids;
  std::ptrdiff_t nodes;
};

// Where to look: unit vectors (x of each, then y of each), and distances in iris radii, evenly
// spaced and growing.
struct IrisRings {
  const double* rays;
  std::ptrdiff_t angles;
  const double* distances;
  std::ptrdiff_t count;
};

struct IrisPaint {
  double strength;
  double pupil;            // radius, of the iris's
  double luma;             // the iris's median
  double bright;           // where highlights begin
  double own[2];           // chroma over luma, before
  double wanted[2];        // chroma over luma, after
  double usual;            // luma of the wanted colour as it was named
  double darken, lighten;  // how far R, G or B of the wanted chroma lie under and over luma 1
  double limit;            // the largest sample; 0: not rounded and not cut
};

// Reads a plane along the rays: values and seen have `angles` rows of `count`; seen is 1 between
// the lids and inside the plane.
template <typename T>
void iris_rings(const SamplePlane<const T>& plane, const EyeShape& eye, const IrisRings& rings,
                float* values, std::uint8_t* seen);

// Writes to offsets how the iris has to be moved (x, y) and grown, in its radii, so that its rim
// meets the edge that luma read by iris_rings shows; all zero where there is none.
void iris_rim(const float* luma, const std::uint8_t* seen, const IrisRings& rings, double* offsets);

// Gives the iris the wanted colour: returns how many chroma samples were written.
template <typename T>
std::ptrdiff_t iris_paint(const SamplePlane<const T>& luma, const SamplePlane<T>& blue,
                          const SamplePlane<T>& red, const EyeShape& eye, const IrisPaint& paint);

}  // namespace cvfast
