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

void cell_sums(const float* __restrict from, std::ptrdiff_t cell, float share, std::ptrdiff_t cells,
               float* __restrict out) {
  if (cell == 1) {
    for (std::ptrdiff_t i = 0; i < cells; ++i) out[i] = from[i] * share;
  } else if (cell == 2) {
    for (std::ptrdiff_t i = 0; i < cells; ++i) out[i] = (from[2 * i] + from[2 * i + 1]) * share;
  } else if (cell == 4) {
    for (std::ptrdiff_t i = 0; i < cells; ++i) {
      const float* __restrict x = from + 4 * i;
      out[i] = ((x[0] + x[1]) + (x[2] + x[3])) * share;
    }
  } else {
    for (std::ptrdiff_t i = 0; i < cells; ++i) {
      float sum = from[i * cell];
      for (std::ptrdiff_t x = 1; x < cell; ++x) sum += from[i * cell + x];
      out[i] = sum * share;
    }
  }
}

bool are_shares(const float* x, std::ptrdiff_t n) {
  std::int32_t wrong = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) wrong |= (x[i] >= 0 ? 0 : 1) | (x[i] <= 1 ? 0 : 1);
  return wrong == 0;
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

float between(float a, float b, float t) { return a + t * (b - a); }

// Samples that are cells: each lies where the next cell does.
std::ptrdiff_t copy(const float* __restrict from, std::ptrdiff_t n, float* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) out[i] = from[i];
  return n;
}

// Whole cells of 2 or 4 samples; without gathers these take a quarter of the time.
std::ptrdiff_t expand_pairs(const float* __restrict row, const float* t, std::ptrdiff_t n,
                            float* __restrict out) {
  const float t0 = t[0], t1 = t[1];
  const std::ptrdiff_t cells = n / 2;
  for (std::ptrdiff_t i = 0; i < cells; ++i) {
    out[2 * i] = between(row[i], row[i + 1], t0);
    out[2 * i + 1] = between(row[i + 1], row[i + 2], t1);
  }
  return 2 * cells;
}

std::ptrdiff_t expand_fours(const float* __restrict row, const float* t, std::ptrdiff_t n,
                            float* __restrict out) {
  const float t0 = t[0], t1 = t[1], t2 = t[2], t3 = t[3];
  const std::ptrdiff_t cells = n / 4;
  for (std::ptrdiff_t i = 0; i < cells; ++i) {
    out[4 * i] = between(row[i], row[i + 1], t0);
    out[4 * i + 1] = between(row[i], row[i + 1], t1);
    out[4 * i + 2] = between(row[i + 1], row[i + 2], t2);
    out[4 * i + 3] = between(row[i + 1], row[i + 2], t3);
  }
  return 4 * cells;
}

void expand(const float* __restrict row, std::ptrdiff_t cell, const std::int32_t* __restrict left,
            const float* __restrict t, std::ptrdiff_t n, float* __restrict out) {
  const std::ptrdiff_t done = cell == 1             ? copy(row + 1, n, out)
                              : cell == 2 && n >= 2 ? expand_pairs(row, t, n, out)
                              : cell == 4 && n >= 4 ? expand_fours(row, t, n, out)
                                                    : 0;
  for (std::ptrdiff_t i = done; i < n; ++i) {
    const float a = row[left[i]], b = row[left[i] + 1];
    out[i] = between(a, b, t[i]);
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
const SmoothKernels smooth_kernels = {are_shares,   column_sums_u8, column_sums_f32, cell_sums,
                                      weighted_sum, window_sum,     moments,         fit,
                                      blend,        expand,         apply_u8,        apply_f32};

}  // namespace cvfast::CVFAST_ISA
