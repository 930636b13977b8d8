// Crops: sums over blocks, bilinear samples of the means, and colours. All sums are integers and
// all floats are computed one a value, so every instruction set gives the same bytes.
#include "kernels/kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

void add_u8(const std::uint8_t* __restrict row, std::ptrdiff_t n, std::int32_t* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) sums[i] += row[i];
}

void add_u16(const std::uint16_t* __restrict row, std::ptrdiff_t n, std::int32_t* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) sums[i] += row[i];
}

// NaN, which has no level, counts as black.
void add_f32(const float* __restrict row, std::ptrdiff_t n, std::int32_t* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    float value = row[i] > 0.0f ? row[i] : 0.0f;
    value = value < 1.0f ? value : 1.0f;
    sums[i] += static_cast<std::int32_t>(value * 255.0f + 0.5f);
  }
}

inline std::uint8_t level(float value) {
  const float low = value < 255.0f ? value : 255.0f;
  return static_cast<std::uint8_t>(static_cast<std::int32_t>(low + 0.5f));
}

// Whole blocks of Factor columns, or of any number of them where Factor is 0.
template <int Channels, int Factor>
void shrink(const std::int32_t* __restrict sums, std::ptrdiff_t blocks, std::ptrdiff_t factor,
            std::ptrdiff_t step, float scale, std::uint8_t* __restrict out,
            std::ptrdiff_t out_step) {
  const std::ptrdiff_t width = Factor != 0 ? Factor : factor;
  const std::ptrdiff_t by = Factor != 0 ? 1 : step;
  for (std::ptrdiff_t i = 0; i < blocks; ++i) {
    for (int c = 0; c < Channels; ++c) {
      std::int32_t sum = 0;
      for (std::ptrdiff_t k = by / 2; k < width; k += by) {
        sum += sums[(i * width + k) * Channels + c];
      }
      out[i * out_step + c] = level(static_cast<float>(sum) * scale);
    }
  }
}

template <int Channels>
void shrink_row(const BlockRow& row, const std::int32_t* sums, std::uint8_t* out,
                std::ptrdiff_t out_step) {
  const std::ptrdiff_t f = row.factor, whole = row.width / f, rest = row.width - whole * f;
  const float per_column = row.scale;
  if (f == 1) {
    shrink<Channels, 1>(sums, whole, f, 1, per_column, out, out_step);
  } else if (f == 2) {
    shrink<Channels, 2>(sums, whole, f, 1, per_column / 2.0f, out, out_step);
  } else if (f == 3) {
    shrink<Channels, 3>(sums, whole, f, 1, per_column / 3.0f, out, out_step);
  } else if (f == 4) {
    shrink<Channels, 4>(sums, whole, f, 1, per_column / 4.0f, out, out_step);
  } else {
    const auto counted = static_cast<float>((f - row.step / 2 + row.step - 1) / row.step);
    shrink<Channels, 0>(sums, whole, f, row.step, per_column / counted, out, out_step);
  }
  if (rest > 0) {  // the last block is cut by the picture's border; all its columns count
    shrink<Channels, 0>(sums + whole * f * Channels, 1, rest, 1,
                        per_column / static_cast<float>(rest), out + whole * out_step, out_step);
  }
}

void shrink_any(const BlockRow& row, const std::int32_t* sums, std::uint8_t* out,
                std::ptrdiff_t out_step) {
  switch (row.channels) {
    case 1: return shrink_row<1>(row, sums, out, out_step);
    case 2: return shrink_row<2>(row, sums, out, out_step);
    default: return shrink_row<3>(row, sums, out, out_step);
  }
}

void sample_line(const Source<std::uint8_t>& source, const CropLine& line, std::ptrdiff_t n,
                 std::uint8_t* out) {
  alignas(64) float x[kBlock];
  alignas(64) float y[kBlock];
  const float x0 = line.x, y0 = line.y, dx = line.dx, dy = line.dy;
  for (std::ptrdiff_t i = 0; i < whole_groups(n); ++i) {
    const auto along = static_cast<float>(static_cast<std::int32_t>(i));
    x[i] = x0 + dx * along;
    y[i] = y0 + dy * along;
  }
  sample_u8(source, x, y, n, out);
}

inline float in_range(float value) {
  const float low = value > 0.0f ? value : 0.0f;
  return low < 255.0f ? low : 255.0f;
}

inline void store(float value, float, float, std::uint8_t* out) {
  *out = static_cast<std::uint8_t>(static_cast<std::int32_t>(in_range(value) + 0.5f));
}
inline void store(float value, float scale, float shift, float* out) {
  *out = in_range(value) * scale + shift;
}

template <typename T>
void colored(const CropColors& colors, const std::uint8_t* __restrict luma,
             const std::uint8_t* __restrict chroma, std::ptrdiff_t n, T* __restrict out) {
  float m[9], black[3];
  for (int k = 0; k < 9; ++k) m[k] = colors.to_rgb[k];
  for (int k = 0; k < 3; ++k) black[k] = colors.black[k];
  const float scale = colors.scale, shift = colors.shift;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float y = static_cast<float>(luma[i]) - black[0];
    const float u = static_cast<float>(chroma[2 * i]) - black[1];
    const float v = static_cast<float>(chroma[2 * i + 1]) - black[2];
    store(m[0] * y + m[1] * u + m[2] * v, scale, shift, out + 3 * i);
    store(m[3] * y + m[4] * u + m[5] * v, scale, shift, out + 3 * i + 1);
    store(m[6] * y + m[7] * u + m[8] * v, scale, shift, out + 3 * i + 2);
  }
}

template <typename T>
void finish(const CropColors& colors, const std::uint8_t* first, const std::uint8_t* second,
            std::ptrdiff_t n, T* __restrict out) {
  if (second != nullptr) return colored(colors, first, second, n, out);
  const float scale = colors.scale, shift = colors.shift;
  if (colors.channels == 3) {
    for (std::ptrdiff_t i = 0; i < 3 * n; ++i) {
      store(static_cast<float>(first[i]), scale, shift, out + i);
    }
    return;
  }
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    for (int c = 0; c < 3; ++c) {
      store(static_cast<float>(first[i]), scale, shift, out + 3 * i + c);
    }
  }
}

void finish_u8(const CropColors& colors, const std::uint8_t* first, const std::uint8_t* second,
               std::ptrdiff_t n, std::uint8_t* out) {
  finish(colors, first, second, n, out);
}

void finish_f32(const CropColors& colors, const std::uint8_t* first, const std::uint8_t* second,
                std::ptrdiff_t n, float* out) {
  finish(colors, first, second, n, out);
}

// Gives `value` to the pixels that lie outside the picture.
template <typename T>
void fill(const CropLine& line, float right, float bottom, std::ptrdiff_t n, T value, T* out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const auto along = static_cast<float>(static_cast<std::int32_t>(i));
    const float x = line.x + line.dx * along, y = line.y + line.dy * along;
    if (x >= -0.5f && x <= right && y >= -0.5f && y <= bottom) continue;
    for (int c = 0; c < 3; ++c) out[3 * i + c] = value;
  }
}

void fill_u8(const CropLine& line, float right, float bottom, std::ptrdiff_t n, float value,
             std::uint8_t* out) {
  fill(line, right, bottom, n, static_cast<std::uint8_t>(static_cast<std::int32_t>(value)), out);
}

void fill_f32(const CropLine& line, float right, float bottom, std::ptrdiff_t n, float value,
              float* out) {
  fill(line, right, bottom, n, value, out);
}

}  // namespace

const CropKernels crop_kernels = {add_u8,    add_u16,    add_f32, shrink_any, sample_line,
                                  finish_u8, finish_f32, fill_u8, fill_f32};

}  // namespace cvfast::CVFAST_ISA
