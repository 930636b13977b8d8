// Rows of cells and of samples: every loop treats each column on its own, so that lanes do not
// matter.
#include "kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

template <typename T>
void column_sums(const T* from, std::ptrdiff_t row_stride, std::ptrdiff_t rows, std::ptrdiff_t n,
                 float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = static_cast<float>(from[i]);
  for (std::ptrdiff_t j = 1; j < rows; ++j) {
    const T* __restrict row = from + j * row_stride;
    for (std::ptrdiff_t i = 0; i < n; ++i) out[i] += static_cast<float>(row[i]);
  }
}

void column_sums_u8(const std::uint8_t* from, std::ptrdiff_t row_stride, std::ptrdiff_t rows,
                    std::ptrdiff_t n, float* out) {
  column_sums(from, row_stride, rows, n, out);
}

void column_sums_f32(const float* from, std::ptrdiff_t row_stride, std::ptrdiff_t rows,
                     std::ptrdiff_t n, float* out) {
  column_sums(from, row_stride, rows, n, out);
}

void weighted_sum(const float* from, std::ptrdiff_t step, const float* taps, std::ptrdiff_t count,
                  std::ptrdiff_t n, float* __restrict out) {
  const float first = taps[0];
  for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = first * from[i];
  for (std::ptrdiff_t k = 1; k < count; ++k) {
    const float tap = taps[k];
    const float* __restrict row = from + k * step;
    for (std::ptrdiff_t i = 0; i < n; ++i) out[i] += tap * row[i];
  }
}

// Four taps at a time, so that the sums stay in registers.
void window_sum(const float* from, std::ptrdiff_t step, std::ptrdiff_t count, std::ptrdiff_t n,
                float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = from[i];
  std::ptrdiff_t k = 1;
  for (; k + 4 <= count; k += 4) {
    const float* __restrict a = from + k * step;
    const float* __restrict b = a + step;
    const float* __restrict c = b + step;
    const float* __restrict d = c + step;
    for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = (out[i] + (a[i] + b[i])) + (c[i] + d[i]);
  }
  for (; k < count; ++k) {
    const float* __restrict row = from + k * step;
    for (std::ptrdiff_t i = 0; i < n; ++i) out[i] += row[i];
  }
}

void moments(const float* __restrict w, const float* __restrict x, std::ptrdiff_t n,
             float* __restrict wx, float* __restrict wxx) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    wx[i] = w[i] * x[i];
    wxx[i] = w[i] * x[i] * x[i];
  }
}

// Windows without weight divide by this instead: their own cell has no weight either.
constexpr float kNoWeight = 1e-20F;

void fit(const float* __restrict w, const float* __restrict sum, const float* __restrict sum_x,
         const float* __restrict sum_xx, float epsilon, std::ptrdiff_t n, float* __restrict wa,
         float* __restrict wb) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float total = sum[i] > kNoWeight ? sum[i] : kNoWeight;
    const float mean = sum_x[i] / total;
    const float square = sum_xx[i] / total - mean * mean;
    const float variance = square > 0 ? square : 0;
    const float a = variance / (variance + epsilon);
    wa[i] = w[i] * a;
    wb[i] = w[i] * (mean - a * mean);
  }
}

void blend(const float* __restrict w, const float* __restrict x, const float* __restrict sum,
           const float* __restrict sum_a, const float* __restrict sum_b, float strength,
           float texture, std::ptrdiff_t n, float* __restrict gain, float* __restrict offset) {
  const float smoothed = 1 - texture;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float total = sum[i] > kNoWeight ? sum[i] : kNoWeight;
    const float flat = 1 - sum_a[i] / total;
    const float share = strength * w[i];
    gain[i] = -(share * flat * smoothed);
    offset[i] = share * (sum_b[i] / total - texture * flat * x[i]);
  }
}

void expand(const float* __restrict row, const std::int32_t* __restrict left,
            const float* __restrict t, std::ptrdiff_t n, float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float a = row[left[i]], b = row[left[i] + 1];
    out[i] = a + t[i] * (b - a);
  }
}

void apply_u8(const SmoothRows& rows, std::ptrdiff_t n, std::uint8_t* __restrict row) {
  const float* __restrict g0 = rows.gain0;
  const float* __restrict g1 = rows.gain1;
  const float* __restrict o0 = rows.offset0;
  const float* __restrict o1 = rows.offset1;
  const float t = rows.t;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float x = static_cast<float>(row[i]);
    const float y = x + (g0[i] + t * (g1[i] - g0[i])) * x + (o0[i] + t * (o1[i] - o0[i])) + 0.5F;
    const float low = y > 0 ? y : 0;
    row[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(low < 255.5F ? low : 255.5F));
  }
}

void apply_f32(const SmoothRows& rows, std::ptrdiff_t n, float* __restrict row) {
  const float* __restrict g0 = rows.gain0;
  const float* __restrict g1 = rows.gain1;
  const float* __restrict o0 = rows.offset0;
  const float* __restrict o1 = rows.offset1;
  const float t = rows.t;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float x = row[i];
    row[i] = x + ((g0[i] + t * (g1[i] - g0[i])) * x + (o0[i] + t * (o1[i] - o0[i])));
  }
}

}  // namespace

extern const SmoothKernels smooth_kernels;
const SmoothKernels smooth_kernels = {
    column_sums_u8, column_sums_f32, weighted_sum, window_sum, moments, fit,
    blend,          expand,          apply_u8,     apply_f32};

}  // namespace cvfast::CVFAST_ISA
