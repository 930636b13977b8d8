// Sets up a BoxGrid (kernels.h) over boxes, and the memory that it needs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "arena.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

// A threshold that stays below the exact IoU of every pair whose rounded IoU exceeds the given
// one: roundings move it by a few units in the last place. Valid unless both areas are near the
// smallest normal number (the kernels compare such boxes with all).
inline double looser(double threshold) {
  return threshold < 0x1p-20 ? 0.0 : threshold * (1 - 0x1p-18);
}

// Buckets for so many boxes: a power of 2.
inline std::uint32_t grid_buckets(std::ptrdiff_t count) {
  int bits = 6;
  while ((std::ptrdiff_t{1} << bits) < count + count / 2 && bits < 30) ++bits;
  return std::uint32_t{1} << bits;
}

template <typename T>
void set_axis(GridAxis<T>& axis, T longest, double fraction) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr int kShift = sizeof(T) == 4 ? 24 : 53;
  Bits bits;
  std::memcpy(&bits, &longest, sizeof bits);
  axis.top = bits;
  T side = longest;
  for (int level = 0; level < kGridLevels; ++level) {
    axis.most[level] = side;
    const double cells = 1 / (fraction * static_cast<double>(side));
    axis.per_side[level] = static_cast<T>(std::min(cells, 0x1p100));
    bits = bits >> kShift != 0 ? bits - (Bits{1} << kShift) : 0;
    std::memcpy(&side, &bits, sizeof side);
    if (level == kGridLevels - 1) side = 0;
    axis.least[level] = side;
  }
}

// All but the tables, for `count` boxes with these longest sides.
template <typename T>
void set_grid(BoxGrid<T>& grid, T threshold, const T* longest, std::ptrdiff_t count) {
  const double t = looser(static_cast<double>(threshold));
  grid.looser = static_cast<T>(t);
  grid.inverse = static_cast<T>(t > 0 ? (1 + 0x1p-20) / t : 0x1p120);
  grid.slack = static_cast<T>((1 + 0x1p-20) / (1 + t));
  // Cells about as large as what a box reaches, in the longest sides of a level, so that it looks
  // at two columns, unless the threshold is small; and mostly one row.
  const double fraction =
      std::clamp((1 - t) * std::max(1 / t, (2 + t) / (1 + t)) * (1 + 0x1p-16), 0x1p-6, 1.0);
  set_axis(grid.x, longest[0], 0.5 * fraction);
  set_axis(grid.y, longest[1], 3 * fraction);
  std::memset(grid.rows, 0, sizeof grid.rows);
  const std::uint32_t buckets = grid_buckets(count);
  grid.mask = buckets - 1;
  grid.row_step = static_cast<std::uint32_t>(0.6180339887498949 * buckets) | 1;
}

inline const NmsKernelsOf<float>& kernels_of(float) { return CVFAST_PICK(nms_kernels).f32; }
inline const NmsKernelsOf<double>& kernels_of(double) { return CVFAST_PICK(nms_kernels).f64; }

inline std::ptrdiff_t blocks_for(std::ptrdiff_t n) { return (n + kBoxLanes - 1) / kBoxLanes; }

// Boxes in blocks, in some order at first and by cell once sorted. One empty block follows them.
template <typename T>
struct Packed {
  const NmsKernelsOf<T>& kernels;
  std::ptrdiff_t count;
  T* blocks;
  std::uint32_t* places = nullptr;  // of the boxes, once they are sorted

  // What the arena is asked for, at most.
  static std::ptrdiff_t size(std::ptrdiff_t n) {
    const std::ptrdiff_t boxes = kBoxLanes * (blocks_for(n) + 1);
    return 2 * Arena::size_of<T>(4 * boxes) + Arena::size_of<std::uint32_t>(boxes) +
           Arena::size_of<std::uint32_t>(std::ptrdiff_t{grid_buckets(n)} + 2);
  }

  Packed(const NmsKernelsOf<T>& of, const T* boxes, const std::uint32_t* order, std::ptrdiff_t n,
         Arena& arena)
      : kernels(of), count(n), blocks(arena.take<T>(4 * kBoxLanes * (blocks_for(n) + 1))) {
    fill(boxes, order, n);
  }

  // Other boxes, no more than before.
  void fill(const T* boxes, const std::uint32_t* order, std::ptrdiff_t n) {
    count = n;
    kernels.pack(boxes, order, n, blocks);
  }

  void sort(BoxGrid<T>& grid, T threshold, const T* longest, Arena& arena) {
    set_grid(grid, threshold, longest, count);
    const std::ptrdiff_t buckets = std::ptrdiff_t{grid.mask} + 1, whole = blocks_for(count);
    places = arena.take<std::uint32_t>(kBoxLanes * whole);
    auto* const starts = arena.take<std::uint32_t>(buckets + 2);
    T* const sorted = arena.take<T>(4 * kBoxLanes * (whole + 1));
    std::uint32_t* const next = starts + 1;  // ends as the starts, one on
    std::fill_n(starts, buckets + 2, 0u);
    std::fill_n(sorted + (whole - 1) * 4 * kBoxLanes, 8 * kBoxLanes, T(0));
    kernels.buckets(&grid, blocks, count, places);
    for (std::ptrdiff_t r = 0; r < count; ++r) ++next[places[r] + 1];
    for (std::ptrdiff_t b = 0; b < buckets; ++b) next[b + 1] += next[b];
    kernels.place(blocks, count, next, places, sorted);
    blocks = sorted;
    grid.start = starts;
    grid.block_count = whole;
  }
};

}  // namespace cvfast
