// Crops: sums over blocks, bilinear samples of the means, and colours. All sums are integers and
// all floats are computed one a value, so every instruction set gives the same bytes.
#include "kernels/kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

inline std::uint16_t to_level(std::uint8_t value, int) { return value; }
inline std::uint16_t to_level(std::uint16_t value, int shift) {
  const std::int32_t rounded = (value + (1 << shift >> 1)) >> shift;
  return static_cast<std::uint16_t>(rounded < 255 ? rounded : 255);
}
inline std::uint16_t to_level(float value, int) {  // NaN, which has no level, counts as black
  const float positive = value > 0.0f ? value : 0.0f;
  const float bounded = positive < 1.0f ? positive : 1.0f;
  return static_cast<std::uint16_t>(static_cast<std::int32_t>(bounded * 255.0f + 0.5f));
}

template <typename T, bool First>
void add_one(const T* __restrict row, int shift, std::ptrdiff_t n, std::uint16_t* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const int before = First ? 0 : sums[i];
    sums[i] = static_cast<std::uint16_t>(before + to_level(row[i], shift));
  }
}

template <typename T, bool First>
void add_two(const T* __restrict row, const T* __restrict next, int shift, std::ptrdiff_t n,
             std::uint16_t* __restrict sums) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const int before = First ? 0 : sums[i];
    sums[i] =
        static_cast<std::uint16_t>(before + to_level(row[i], shift) + to_level(next[i], shift));
  }
}

template <typename T>
void sum_rows(const T* row, std::ptrdiff_t stride, std::ptrdiff_t rows, int shift, std::ptrdiff_t n,
              std::uint16_t* sums) {
  if (rows == 1) return add_one<T, true>(row, shift, n, sums);
  add_two<T, true>(row, row + stride, shift, n, sums);
  std::ptrdiff_t r = 2;
  for (; r + 1 < rows; r += 2) {
    add_two<T, false>(row + r * stride, row + (r + 1) * stride, shift, n, sums);
  }
  if (r < rows) add_one<T, false>(row + r * stride, shift, n, sums);
}

void sum_rows_any(const SampleRows& rows, std::uint16_t* sums) {
  const std::ptrdiff_t n = rows.values, step = rows.stride, count = rows.count;
  if (rows.u8 != nullptr) return sum_rows(rows.u8, step, count, 0, n, sums);
  if (rows.u16 != nullptr) return sum_rows(rows.u16, step, count, rows.shift, n, sums);
  return sum_rows(rows.f32, step, count, 0, n, sums);
}

template <int Channels>
void halve(const std::uint16_t* __restrict sums, std::ptrdiff_t pairs,
           std::uint16_t* __restrict out) {
  for (std::ptrdiff_t i = 0; i < pairs; ++i) {
    for (int c = 0; c < Channels; ++c) {
      const int sum = sums[2 * i * Channels + c] + sums[(2 * i + 1) * Channels + c];
      out[i * Channels + c] = static_cast<std::uint16_t>(sum);
    }
  }
}

// Means of blocks of Factor columns, or of any number of them where Factor is 0.
template <int Channels, int Factor>
void means(const std::uint16_t* __restrict sums, std::ptrdiff_t blocks, std::ptrdiff_t factor,
           std::ptrdiff_t step, float scale, std::uint8_t* __restrict out) {
  const std::ptrdiff_t width = Factor != 0 ? Factor : factor;
  const std::ptrdiff_t by = Factor != 0 ? 1 : step;
  for (std::ptrdiff_t i = 0; i < blocks; ++i) {
    for (int c = 0; c < Channels; ++c) {
      std::int32_t sum = 0;
      for (std::ptrdiff_t k = by / 2; k < width; k += by) {
        sum += sums[(i * width + k) * Channels + c];
      }
      const float mean = static_cast<float>(sum) * scale;
      out[i * Channels + c] = static_cast<std::uint8_t>(static_cast<std::int32_t>(mean + 0.5f));
    }
  }
}

template <int Channels>
void shrink_row(const BlockRow& row, std::uint16_t* sums, std::uint16_t* spare, std::uint8_t* out) {
  const std::ptrdiff_t whole = row.width / row.factor, rest = row.width - whole * row.factor;
  if (rest > 0) {  // the last block is cut by the picture's border; all its columns count
    const float scale = 1.0f / static_cast<float>(row.rows * rest);
    means<Channels, 0>(sums + whole * row.factor * Channels, 1, rest, 1, scale,
                       out + whole * Channels);
  }
  const std::ptrdiff_t columns = (row.factor - row.step / 2 + row.step - 1) / row.step;
  const float scale = 1.0f / static_cast<float>(row.rows * columns);
  std::ptrdiff_t factor = row.factor;
  while (row.step == 1 && factor > 2 && factor % 2 == 0) {
    factor /= 2;
    halve<Channels>(sums, whole * factor, spare);
    std::uint16_t* const halved = spare;
    spare = sums;
    sums = halved;
  }
  switch (factor) {
    case 1: return means<Channels, 1>(sums, whole, 1, 1, scale, out);
    case 2: return means<Channels, 2>(sums, whole, 2, 1, scale, out);
    case 3: return means<Channels, 3>(sums, whole, 3, 1, scale, out);
    case 5: return means<Channels, 5>(sums, whole, 5, 1, scale, out);
    default: return means<Channels, 0>(sums, whole, factor, row.step, scale, out);
  }
}

void shrink(const BlockRow& row, std::uint16_t* sums, std::uint16_t* spare, std::uint8_t* out) {
  switch (row.channels) {
    case 1: return shrink_row<1>(row, sums, spare, out);
    case 2: return shrink_row<2>(row, sums, spare, out);
    default: return shrink_row<3>(row, sums, spare, out);
  }
}

void pair_up(const std::uint8_t* __restrict first, const std::uint8_t* __restrict second,
             std::ptrdiff_t n, std::uint8_t* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    out[2 * i] = first[i];
    out[2 * i + 1] = second[i];
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
  const float gain = colors.to_rgb[0], black = colors.black[0];
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float grey = (static_cast<float>(first[i]) - black) * gain;
    for (int c = 0; c < 3; ++c) store(grey, scale, shift, out + 3 * i + c);
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
  const auto last = static_cast<float>(static_cast<std::int32_t>(n - 1));
  const float end_x = line.x + line.dx * last, end_y = line.y + line.dy * last;
  if (line.x >= -0.5f && line.x <= right && line.y >= -0.5f && line.y <= bottom && end_x >= -0.5f &&
      end_x <= right && end_y >= -0.5f && end_y <= bottom) {
    return;  // what lies between lies inside too
  }
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

const CropKernels crop_kernels = {sum_rows_any, shrink,     pair_up, sample_line,
                                  finish_u8,    finish_f32, fill_u8, fill_f32};

}  // namespace cvfast::CVFAST_ISA
