// What the parts of PCA share: aligned memory, centring by dtype, and the rejection of values.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "check.h"
#include "cvfast/pca.h"
#include "kernels/kernels.h"

namespace cvfast {

constexpr std::ptrdiff_t kFloatDepth = 256;  // float products summed before they are added up

struct AlignedDelete {
  void operator()(void* p) const { ::operator delete(p, std::align_val_t{64}); }
};
template <typename T>
using Aligned = std::unique_ptr<T[], AlignedDelete>;

template <typename T>
Aligned<T> aligned(std::ptrdiff_t count) {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
  return Aligned<T>(static_cast<T*>(::operator new(bytes, std::align_val_t{64})));
}

constexpr std::ptrdiff_t ceil_div(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

inline std::vector<float> rounded(const double* mean, std::ptrdiff_t count) {
  constexpr double most = std::numeric_limits<float>::max();
  std::vector<float> floats(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < floats.size(); ++i) {
    if (!(std::fabs(mean[i]) <= most)) {
      reject("mean_", static_cast<std::ptrdiff_t>(i), "a number that float32 can hold", mean[i]);
    }
    floats[i] = static_cast<float>(mean[i]);
  }
  return floats;
}

// out = x - mean; returns whether all values are finite.
inline bool center(const PcaKernels& kernels, const std::uint8_t* x, const float* mean,
                   std::ptrdiff_t n, float* out) {
  kernels.center_u8(x, mean, n, out);
  return true;
}
inline bool center(const PcaKernels& kernels, const float* x, const float* mean, std::ptrdiff_t n,
                   float* out) {
  return kernels.center_f32(x, mean, n, out);
}

// Called once it is known that a value is not finite: finds it.
[[noreturn]] inline void reject_not_finite(const Samples<float>& x) {
  for (std::ptrdiff_t i = 0; i < x.count; ++i) {
    for (std::ptrdiff_t j = 0; j < x.columns; ++j) {
      const float value = x.row(i)[j];
      if (!std::isfinite(value)) reject("X", i, "finite numbers", static_cast<double>(value));
    }
  }
  throw std::invalid_argument("X: expected finite numbers that stay as they are during the call");
}
[[noreturn]] inline void reject_not_finite(const Samples<std::uint8_t>&) {
  throw std::invalid_argument("X: expected finite numbers");
}

}  // namespace cvfast
