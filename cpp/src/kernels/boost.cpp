// Values of rectangle features on many patches, and their order.
#include <string.h>

#include "boost_kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

inline float rect_sum(const std::int32_t* const* corners, std::ptrdiff_t i) {
  return static_cast<float>(corners[0][i] - corners[1][i] - corners[2][i] + corners[3][i]);
}

// In the order in which OpenCV's runtime adds and multiplies.
void haar_values(const HaarRows& rows, const float* __restrict scale, std::ptrdiff_t n,
                 float* __restrict out) {
  const std::int32_t* const* a = rows.corners[0];
  const std::int32_t* const* b = rows.corners[1];
  const std::int32_t* const* c = rows.corners[2];
  const float wa = rows.weights[0], wb = rows.weights[1], wc = rows.weights[2];
  if (rows.rects == 2) {
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      out[i] = (wa * rect_sum(a, i) + wb * rect_sum(b, i)) * scale[i];
    }
  } else {
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      out[i] = ((wa * rect_sum(a, i) + wb * rect_sum(b, i)) + wc * rect_sum(c, i)) * scale[i];
    }
  }
}

// The rows and columns of the blocks round the middle one, clockwise from the upper left.
constexpr int kRound[8][2] = {{0, 0}, {0, 1}, {0, 2}, {1, 2}, {2, 2}, {2, 1}, {2, 0}, {1, 0}};

inline std::int32_t block(const std::int32_t* const* corners, int row, int column,
                          std::ptrdiff_t i) {
  const std::int32_t* const* c = corners + row * 4 + column;
  return c[0][i] - c[1][i] - c[4][i] + c[5][i];
}

void lbp_codes(const std::int32_t* const* corners, std::ptrdiff_t n, std::uint8_t* __restrict out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const std::int32_t middle = block(corners, 1, 1, i);
    int code = 0;
    for (int k = 0; k < 8; ++k) {
      code = 2 * code + (block(corners, kRound[k][0], kRound[k][1], i) >= middle ? 1 : 0);
    }
    out[i] = static_cast<std::uint8_t>(code);
  }
}

// Keys whose order as whole numbers is the values' one; -0 becomes 0.
void make_keys(const float* values, std::ptrdiff_t n, std::uint32_t* keys) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float value = values[i] + 0.0F;
    std::uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    keys[i] = bits ^ ((bits >> 31) != 0 ? 0xffffffffU : 0x80000000U);
  }
}

// Bins turn from counts to first places. Returns whether one bin holds all.
bool starts(std::uint32_t* bins, std::uint32_t count, std::uint32_t n) {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t held = bins[i];
    if (held == n) return true;
    bins[i] = sum;
    sum += held;
  }
  return false;
}

void sort(const float* values, std::ptrdiff_t count, const BoostSort& room, std::uint16_t* out) {
  const auto n = static_cast<std::uint32_t>(count);
  // Few patches: four passes over few bins; many: three over many.
  const std::uint32_t bits = n < 1500 ? 8 : 11, passes = n < 1500 ? 4 : 3;
  const std::uint32_t size = 1U << bits;
  std::uint32_t *from = room.keys, *to = room.keys2;
  std::uint16_t *order = room.order, *next = room.order2;
  make_keys(values, count, from);
  memset(room.bins, 0, passes * size * sizeof *room.bins);
  for (std::uint32_t i = 0; i < n; ++i) {
    order[i] = static_cast<std::uint16_t>(i);
    for (std::uint32_t p = 0; p < passes; ++p) {
      ++room.bins[p * size + ((from[i] >> (p * bits)) & (size - 1))];
    }
  }
  for (std::uint32_t p = 0; p < passes; ++p) {
    std::uint32_t* bins = room.bins + p * size;
    if (starts(bins, size, n)) continue;
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t place = bins[(from[i] >> (p * bits)) & (size - 1)]++;
      to[place] = from[i];
      next[place] = order[i];
    }
    std::uint32_t* const keys = from;
    from = to;
    to = keys;
    std::uint16_t* const numbers = order;
    order = next;
    next = numbers;
  }
  for (std::uint32_t i = 0; i + 1 < n; ++i) {
    out[i] = static_cast<std::uint16_t>(order[i] | (from[i] != from[i + 1] ? kBoostCut : 0U));
  }
  if (n > 0) out[n - 1] = order[n - 1];
}

}  // namespace

void boost_extremes(const std::uint16_t*, std::ptrdiff_t, const std::int32_t*, std::int32_t*,
                    std::int32_t*);
void boost_explained(const std::uint16_t*, std::ptrdiff_t, const std::int64_t*, std::int32_t, float,
                     float*);

extern const BoostKernels boost_kernels;
const BoostKernels boost_kernels = {haar_values, lbp_codes, sort, boost_extremes, boost_explained};

}  // namespace cvfast::CVFAST_ISA
