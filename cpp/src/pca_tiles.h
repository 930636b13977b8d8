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

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "check.h"
#include "cvfast/pca.h"
#include "kernels/pca_kernels.h"

namespace cvfast {

constexpr std::ptrdiff_t kFloatDepth = 256;  // float products summed before they are added up

struct AlignedDelete {
  std::align_val_t alignment{64};
  void operator()(void* p) const { ::operator delete(p, alignment); }
};
template <typename T>
using Aligned = std::unique_ptr<T[], AlignedDelete>;

// Large memory in huge pages where Linux gives them, as NumPy's is: a single row, which streams by
// all components, takes a tenth less time.
template <typename T>
Aligned<T> aligned(std::ptrdiff_t count) {
  constexpr std::size_t huge = std::size_t{1} << 21;
  std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
#if defined(__linux__)
  if (bytes >= 2 * huge) {
    bytes = (bytes + huge - 1) / huge * huge;
    void* p = ::operator new(bytes, std::align_val_t{huge});
    madvise(p, bytes, MADV_HUGEPAGE);
    return Aligned<T>(static_cast<T*>(p), AlignedDelete{std::align_val_t{huge}});
  }
#endif
  return Aligned<T>(static_cast<T*>(::operator new(bytes, std::align_val_t{64})));
}

constexpr std::ptrdiff_t ceil_div(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

inline std::vector<float> rounded(const double* mean, std::ptrdiff_t count) {
  constexpr double most = std::numeric_limits<float>::max();
  std::vector<float> floats(static_cast<std::size_t>(count));
  std::ptrdiff_t bad = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    bad += std::fabs(mean[i]) <= most ? 0 : 1;
    floats[static_cast<std::size_t>(i)] = static_cast<float>(mean[i]);
  }
  for (std::ptrdiff_t i = 0; bad > 0 && i < count; ++i) {
    if (!(std::fabs(mean[i]) <= most)) {
      reject("mean_", i, "a number that float32 can hold", mean[i]);
    }
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
