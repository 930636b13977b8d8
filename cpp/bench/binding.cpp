// The calls that benchmarks/cpp.py makes through Python, without Python: loaded with ctypes, on the
// same arrays. Each runs `repeats` times and returns nanoseconds, those of all runs together.
#include <chrono>
#include <cstdint>

#include "cvfast/nms.h"
#include "cvfast/pca.h"
#include "cvfast/tps.h"
#include "cvfast/warp.h"
#include "spline.h"

#if defined(_WIN32)
#define CVFAST_EXPORT extern "C" __declspec(dllexport)
#else
#define CVFAST_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace {

template <typename Call>
std::int64_t nanoseconds(int repeats, const Call& call) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  for (int i = 0; i < repeats; ++i) call();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

}  // namespace

CVFAST_EXPORT std::int64_t time_nms(const float* boxes, const float* scores, std::ptrdiff_t count,
                                    std::int64_t* out, int repeats) {
  return nanoseconds(
      repeats, [=] { cvfast::nms(cvfast::Boxes<float>{boxes, count}, scores, nullptr, 0.5, out); });
}

// A picture of 3 channels, in place.
CVFAST_EXPORT std::int64_t time_local_scale(std::uint8_t* pixels, std::ptrdiff_t width,
                                            std::ptrdiff_t height, const double* center,
                                            double radius, double strength, int repeats) {
  return nanoseconds(repeats, [=] {
    cvfast::local_warp(cvfast::ImageView<const std::uint8_t>{pixels, width, height, 3, width * 3},
                       cvfast::ImageView<std::uint8_t>{pixels, width, height, 3, width * 3},
                       cvfast::LocalWarps{cvfast::LocalWarp::scale, center, &radius, &strength, 1},
                       1);
  });
}

// A picture of 3 channels to one of its size; the fit is not timed.
CVFAST_EXPORT std::int64_t time_tps_warp(const std::uint8_t* pixels, std::uint8_t* out,
                                         std::ptrdiff_t width, std::ptrdiff_t height,
                                         const double* source, const double* target,
                                         std::ptrdiff_t points, int repeats) {
  const bench::FittedSpline spline(target, source, points);
  return nanoseconds(repeats, [=, &spline] {
    cvfast::tps_warp(spline.view(),
                     cvfast::ImageView<const std::uint8_t>{pixels, width, height, 3, width * 3},
                     cvfast::ImageView<std::uint8_t>{out, width, height, 3, width * 3}, false, 1);
  });
}

CVFAST_EXPORT void* new_projection(const float* components, const double* mean,
                                   std::ptrdiff_t count, std::ptrdiff_t columns) {
  return new cvfast::Projection({components, count, columns, columns}, mean);
}

CVFAST_EXPORT void delete_projection(void* projection) {
  delete static_cast<cvfast::Projection*>(projection);
}

CVFAST_EXPORT std::int64_t time_transform(const void* projection, const std::uint8_t* row,
                                          float* out, int repeats) {
  const auto& ours = *static_cast<const cvfast::Projection*>(projection);
  return nanoseconds(repeats, [=, &ours] {
    ours.transform(cvfast::Samples<std::uint8_t>{row, 1, ours.columns(), ours.columns()}, out, 1);
  });
}
