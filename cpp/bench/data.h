// The data that is timed: the same numbers wherever it is compiled.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "cvfast/image_view.h"

namespace bench {

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  // In [low, high). The standard's distributions differ between its implementations.
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_()) / 4294967296.0;
  }

 private:
  std::mt19937 engine_;
};

// A packed RGB picture: waves of nine pixels and more, so that a sample depends on its place, but
// by so few levels a pixel that OpenCV's steps of 1/32 px show as one level.
struct Frame {
  std::ptrdiff_t width, height;
  std::vector<std::uint8_t> pixels;

  Frame(std::ptrdiff_t w, std::ptrdiff_t h)
      : width(w), height(h), pixels(static_cast<std::size_t>(w * h * 3)) {
    Random random(7);
    double fx[6], fy[6], phase[6];
    for (int k = 0; k < 6; ++k) {
      fx[k] = random.uniform(-0.5, 0.5);
      fy[k] = random.uniform(-0.5, 0.5);
      phase[k] = random.uniform(0, 6.28);
    }
    std::size_t i = 0;
    for (std::ptrdiff_t y = 0; y < h; ++y) {
      for (std::ptrdiff_t x = 0; x < w; ++x) {
        for (int c = 0; c < 3; ++c) {
          double value = 128;
          for (int k = c; k < c + 4; ++k) {
            value += 20 * std::sin(fx[k] * static_cast<double>(x) + fy[k] * static_cast<double>(y) +
                                   phase[k]);
          }
          pixels[i++] = static_cast<std::uint8_t>(std::lround(value));
        }
      }
    }
  }

  cvfast::ImageView<std::uint8_t> view() { return {pixels.data(), width, height, 3, width * 3}; }
  cvfast::ImageView<const std::uint8_t> view() const {
    return {pixels.data(), width, height, 3, width * 3};
  }
};

}  // namespace bench
