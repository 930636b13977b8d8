// Thin-plate splines (Bookstein 1989): evaluating a fitted one, and warping pictures with it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cvfast/image_view.h"

namespace cvfast {

// f(p) = p + affine + sum of w_i U(|P - c_i|), U(r) = r^2 log r, in coordinates normalised as
// P = (p - origin) * scale. Weights and affine part are in pixels of displacement.
struct ThinPlateSpline {
  const double* centers;  // (count, 2), normalised
  const double* weights;  // (count, 2)
  const double* affine;   // (3, 2): constant, times X, times Y
  std::ptrdiff_t count;
  double origin[2];
  double scale;
};

// points (count, 2) to f(points), in double; out may be points.
void tps_transform(const ThinPlateSpline& spline, const double* points, std::ptrdiff_t count,
                   double* out, int threads);

// float (height, width, 2): f(p) - p at every step-th pixel.
void tps_displacement(const ThinPlateSpline& spline, float* out, std::ptrdiff_t width,
                      std::ptrdiff_t height, std::ptrdiff_t step, int threads);

// out(p) = image(f(p)), bilinear, clamped to the image's edge. f is interpolated, and what no
// interpolation follows near each control point added: within 0.01 px where it bends smoothly and
// 0.05 px where 68 points jump about; exact: within 0.02 px. Splines too wild for that are summed
// at every pixel, in double. The image has at least one pixel (unless out has none) and shares no
// memory with out.
void tps_warp(const ThinPlateSpline& spline, ImageView<const std::uint8_t> image,
              ImageView<std::uint8_t> out, bool exact, int threads);
void tps_warp(const ThinPlateSpline& spline, ImageView<const float> image, ImageView<float> out,
              bool exact, int threads);

}  // namespace cvfast
