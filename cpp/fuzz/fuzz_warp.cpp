// Any sizes, strides and discs: an exception, or the same picture in place as out of place.
#include <new>
#include <stdexcept>

#include "bytes.h"
#include "cvfast/warp.h"

namespace {

template <typename T>
void run(Bytes bytes) {
  const std::ptrdiff_t width = bytes.below(64), height = bytes.below(48);
  const std::ptrdiff_t channels = 1 + bytes.below(4), packed = width * channels;
  const bool overlapping_rows = bytes.below(8) == 0;
  const std::ptrdiff_t apart = overlapping_rows ? bytes.below(8) : packed + bytes.below(5);
  const Pixels<T> image(width, height, channels, apart, bytes.flag());
  const Pixels<T> out(width, height, channels, packed + bytes.below(3), bytes.flag());

  const auto kind = static_cast<cvfast::LocalWarp>(bytes.below(3));
  const std::ptrdiff_t count = bytes.below(6);
  const std::vector<double> centers = bytes.numbers(2 * count);
  std::vector<double> radii = bytes.numbers(count), parameters = bytes.numbers(2 * count);
  for (std::ptrdiff_t i = 0; i < count && bytes.flag(); ++i) {  // else few would pass the checks
    const auto k = static_cast<std::size_t>(i);
    radii[k] = std::abs(radii[k]) + 0.01;
    if (kind == cvfast::LocalWarp::translate) {
      parameters[2 * k] = centers[2 * k] + radii[k] * 0.6 * std::sin(parameters[2 * k]);
      parameters[2 * k + 1] = centers[2 * k + 1];
    } else if (kind == cvfast::LocalWarp::scale) {
      parameters[k] = 1.99 * std::sin(parameters[k]) - 1;
    }
  }
  const cvfast::LocalWarps warps = {kind, centers.data(), radii.data(), parameters.data(), count};
  const cvfast::ImageView<const T> from = {image.first(), width, height, channels, image.stride};
  try {
    cvfast::local_warp(from, {out.first(), width, height, channels, out.stride}, warps, 1);
  } catch (const std::invalid_argument& error) {
    MUST(std::strstr(error.what(), ": expected ") != nullptr);
    return;
  } catch (const std::bad_alloc&) {
    return;
  }
  if (overlapping_rows) return;
  cvfast::local_warp(from, {image.first(), width, height, channels, image.stride}, warps, 1);
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    for (std::ptrdiff_t i = 0; i < packed; ++i) {
      MUST(image.first()[y * image.stride + i] == out.first()[y * out.stride + i]);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  if (bytes.flag()) {
    run<float>(bytes);
  } else {
    run<std::uint8_t>(bytes);
  }
  return 0;
}
