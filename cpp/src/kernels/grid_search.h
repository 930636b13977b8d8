// The cells of a BoxGrid that a box's partners can lie in, as runs of blocks handed to a visitor:
// visitor.look(first, last). Runs may hold other boxes too, and a block may come twice.
#pragma once

#include <string.h>

#include "kernels/kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

template <typename T>
inline T least_of(T a, T b) {
  return a < b ? a : b;
}
template <typename T>
inline T most_of(T a, T b) {
  return a > b ? a : b;
}

constexpr float kLargestF32 = 3.40282346638528859812e+38f;
constexpr double kLargestF64 = 1.79769313486231570815e+308;
inline float largest(float) { return kLargestF32; }
inline double largest(double) { return kLargestF64; }
inline float least_measurable(float) { return 0x1p-126f * 0x1p26f; }
inline double least_measurable(double) { return 0x1p-1022 * 0x1p26; }

template <typename T>
inline OneBox<T> box_at(const T* blocks, std::uint32_t place) {
  const T* b = blocks + (place / kBoxLanes) * (4 * kBoxLanes) + place % kBoxLanes;
  const T x0 = b[0], y0 = b[kBoxLanes], x1 = b[2 * kBoxLanes], y1 = b[3 * kBoxLanes];
  return {x0, y0, x1, y1, (x1 - x0) * (y1 - y0)};
}

// An empty box intersects nothing, and an infinite area makes every IoU 0 or NaN.
template <typename T>
inline bool takes_part(T area) {
  return area > T(0) && area <= largest(T(0));
}

// Floats of one sign are ordered as their bits are, and a factor of 4 is 2 in the exponent.
inline int level_of(std::uint64_t top, float side) {
  std::uint32_t bits;
  memcpy(&bits, &side, sizeof bits);
  const std::uint32_t level = (static_cast<std::uint32_t>(top) - bits) >> 24;
  return static_cast<int>(least_of<std::uint32_t>(level, kGridLevels - 1));
}
inline int level_of(std::uint64_t top, double side) {
  std::uint64_t bits;
  memcpy(&bits, &side, sizeof bits);
  return static_cast<int>(least_of<std::uint64_t>((top - bits) >> 53, kGridLevels - 1));
}

// To the nearest whole number within 2^22 of 0, by the lowest bits of a sum, and less finely
// beyond. Products, sums and roundings keep order, and so do these bits: so that cells do.
inline std::uint32_t cell_of(float place, float per_side) {
  const float cells = place * per_side + 0x1.8p23f;
  std::int32_t bits;
  memcpy(&bits, &cells, sizeof bits);
  return static_cast<std::uint32_t>(bits ^ (bits >> 31 & 0x7fffffff));
}
inline std::uint32_t cell_of(double place, double per_side) {
  return cell_of(static_cast<float>(place * per_side), 1.0f);
}

inline std::uint32_t level_hash(int lx, int ly) {
  return static_cast<std::uint32_t>(lx * kGridLevels + ly) * 0x9e3779b1u;
}

// The sides that pairs with a box can have along one axis, and the levels of those.
template <typename T>
struct Reach {
  T corner, side, shortest, longest;
  int first, last;
};

// What is needed of a grid for each box, as a copy that no write to memory can change.
template <typename T>
struct Hot {
  T looser, inverse, slack;
  std::uint32_t mask, row_step;
  const std::uint32_t* start;
  std::ptrdiff_t block_count;
};

template <typename T>
inline Reach<T> find_reach(const Hot<T>& grid, const GridAxis<T>& axis, T corner, T side) {
  const T shortest = side * grid.looser;
  const T longest = least_of(side * grid.inverse, axis.most[0]);
  const int first = level_of(axis.top, longest), last = level_of(axis.top, shortest);
  return {corner, side, shortest, longest, first, last < axis.deepest ? last : axis.deepest};
}

struct Cells {
  std::uint32_t first, count;  // the count wraps to 0 or beyond any table where there are too many
};

// A pair with IoU > t overlaps by o >= t (a + b - o) for sides a and b, so a corner is at most
// (a - t b) / (1 + t) before the other one; `slack` and `more` cover the roundings here. The ends
// are rounded, yet no box falls out: a corner is a number of type T itself, and rounding and
// scaling keep order.
template <typename T>
inline Cells cells_of(const Hot<T>& grid, const GridAxis<T>& axis, const Reach<T>& r, int l) {
  const T more = r.side * T(0x1p-20);
  const T after = (r.side - grid.looser * most_of(r.shortest, axis.least[l])) * grid.slack + more;
  const T before = (least_of(r.longest, axis.most[l]) - grid.looser * r.side) * grid.slack + more;
  const std::uint32_t low = cell_of(r.corner - before, axis.per_side[l]);
  return {low, cell_of(r.corner + after, axis.per_side[l]) - low + 1};
}

// Visits `width` buckets from `from` on; returns how many blocks those are.
template <typename T, typename Visitor>
inline std::ptrdiff_t visit_buckets(const Hot<T>& grid, std::uint32_t from, std::uint32_t width,
                                    const Visitor& visitor) {
  const std::uint32_t size = grid.mask + 1;
  std::uint32_t past = from + width;
  const std::ptrdiff_t first = grid.start[from] / kBoxLanes;
  std::ptrdiff_t more = 0;
  if (past > size) {  // round the end of the table
    more = (grid.start[past - size] + kBoxLanes - 1) / kBoxLanes;
    visitor.look(0, more);
    past = size;
  }
  const std::ptrdiff_t last = (grid.start[past] + kBoxLanes - 1) / kBoxLanes;
  if (grid.start[from] != grid.start[past]) visitor.look(first, last);
  return more + last - first;
}

// Visits these cells of one level of x and of y; false where the budget ends first.
template <typename T, typename Visitor>
inline bool visit_cells(const Hot<T>& grid, std::uint32_t level, Cells columns, Cells rows,
                        const Visitor& visitor, std::ptrdiff_t* budget) {
  if (columns.count > grid.mask || rows.count > grid.mask) return false;
  std::uint32_t row = rows.first * grid.row_step + level + columns.first;
  for (std::uint32_t k = 0; k < rows.count; ++k, row += grid.row_step) {
    *budget -= 1 + visit_buckets(grid, row & grid.mask, columns.count, visitor);
    if (*budget < 0) return false;
  }
  return true;
}

// Visits the cells that a partner of `box` can lie in; false where these are so many that all
// blocks are sooner visited.
template <typename T, typename Visitor>
inline bool visit_near(const Hot<T>& grid, const BoxGrid<T>& levels, const OneBox<T>& box,
                       const Visitor& visitor) {
  const Reach<T> x = find_reach(grid, levels.x, box.x0, box.x1 - box.x0);
  const Reach<T> y = find_reach(grid, levels.y, box.y0, box.y1 - box.y0);
  std::ptrdiff_t budget = grid.block_count + 64;
  for (int lx = x.first; lx <= x.last; ++lx) {
    const Cells columns = cells_of(grid, levels.x, x, lx);
    for (int ly = y.first; ly <= y.last; ++ly) {
      if ((levels.rows[lx] >> ly & 1) == 0) continue;
      const Cells rows = cells_of(grid, levels.y, y, ly);
      if (!visit_cells(grid, level_hash(lx, ly), columns, rows, visitor, &budget)) return false;
    }
  }
  return true;
}

template <typename T>
inline Hot<T> hot(const BoxGrid<T>& g) {
  return {g.looser, g.inverse, g.slack, g.mask, g.row_step, g.start, g.block_count};
}

}  // namespace

}  // namespace cvfast::CVFAST_ISA
