// Any splines, non-finite ones too: an exception, or pixels of the picture.
#include <new>
#include <stdexcept>

#include "bytes.h"
#include "cvfast/tps.h"

namespace {

template <typename T>
void warp(const cvfast::ThinPlateSpline& spline, Bytes& bytes) {
  const std::ptrdiff_t width = 1 + bytes.below(70), height = 1 + bytes.below(40);
  const std::ptrdiff_t channels = 1 + bytes.below(4), packed = width * channels;
  const std::ptrdiff_t apart = bytes.below(8) == 0 ? bytes.below(8) : packed + bytes.below(5);
  const Pixels<T> image(width, height, channels, apart, bytes.flag());
  const std::ptrdiff_t out_width = bytes.below(256) + 64 * bytes.below(5);
  const std::ptrdiff_t out_height = bytes.below(24);
  const Pixels<T> out(out_width, out_height, channels, out_width * channels, bytes.flag());
  cvfast::tps_warp(spline, {image.first(), width, height, channels, image.stride},
                   {out.first(), out_width, out_height, channels, out.stride}, bytes.flag(), 1);
  for (std::size_t i = 0; i < out.count; ++i) {
    MUST(out.memory[i] >= T{0} && out.memory[i] <= T{251});
  }
}

void run(Bytes bytes) {
  const std::ptrdiff_t count = bytes.below(10);
  const std::vector<double> centers = bytes.numbers(2 * count), weights = bytes.numbers(2 * count);
  const std::vector<double> affine = bytes.numbers(6), frame = bytes.numbers(3);
  const cvfast::ThinPlateSpline spline = {centers.data(), weights.data(),       affine.data(),
                                          count,          {frame[0], frame[1]}, frame[2] / 64};
  const int what = static_cast<int>(bytes.below(4));
  if (what == 0) {
    warp<std::uint8_t>(spline, bytes);
  } else if (what == 1) {
    warp<float>(spline, bytes);
  } else if (what == 2) {
    const std::ptrdiff_t n = bytes.below(256) * 3;
    std::vector<double> points = bytes.numbers(2 * n);
    cvfast::tps_transform(spline, points.data(), n, points.data(), 1);
  } else {
    const std::ptrdiff_t width = bytes.below(256) * 2, height = bytes.below(9);
    std::vector<float> out(static_cast<std::size_t>(width * height * 2));
    cvfast::tps_displacement(spline, out.data(), width, height, 1 + bytes.byte(), 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    run(Bytes(data, size));
  } catch (const std::invalid_argument& error) {
    MUST(std::strstr(error.what(), ": expected ") != nullptr);
  } catch (const std::bad_alloc&) {
  }
  return 0;
}
