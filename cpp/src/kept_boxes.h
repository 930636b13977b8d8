// The boxes kept so far as columns, and a hashed grid over them that finds possible overlaps.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/kernels.h"

namespace cvfast {

inline bool any_over(const BoxKernels& kernels, const BoxColumns<float>& columns, std::ptrdiff_t n,
                     const OneBox<float>& box, float threshold) {
  return kernels.any_over_f32(columns, n, box, threshold);
}
inline bool any_over(const BoxKernels& kernels, const BoxColumns<double>& columns, std::ptrdiff_t n,
                     const OneBox<double>& box, double threshold) {
  return kernels.any_over_f64(columns, n, box, threshold);
}

// Columns over memory for room(most) boxes, five times; filled up with zeros to a
// whole number of lanes, as the kernels want it.
template <typename T>
class KeptColumns {
 public:
  static std::ptrdiff_t room(std::ptrdiff_t most) {
    return (most + kBoxLanes) / kBoxLanes * kBoxLanes;
  }

  KeptColumns(T* memory, std::ptrdiff_t most) : memory_(memory), room_(room(most)) {}

  std::ptrdiff_t count() const { return count_; }

  void add(const OneBox<T>& box) {
    const T values[] = {box.x0, box.y0, box.x1, box.y1, box.area};
    for (int k = 0; k < 5; ++k) {
      T* const column = memory_ + k * room_;
      if (count_ % kBoxLanes == 0) std::memset(column + count_, 0, kBoxLanes * sizeof(T));
      column[count_] = values[k];
    }
    ++count_;
  }

  OneBox<T> operator[](std::ptrdiff_t i) const {
    const T* at = memory_ + i;
    return {at[0], at[room_], at[2 * room_], at[3 * room_], at[4 * room_]};
  }

  bool any_over(const BoxKernels& kernels, const OneBox<T>& box, T threshold) const {
    const std::ptrdiff_t whole = (count_ + kBoxLanes - 1) / kBoxLanes * kBoxLanes;
    const BoxColumns<T> columns = {memory_, memory_ + room_, memory_ + 2 * room_,
                                   memory_ + 3 * room_, memory_ + 4 * room_};
    return cvfast::any_over(kernels, columns, whole, box, threshold);
  }

  // The first block of kBoxLanes boxes, from the one that starts at i, in which any meets `box`.
  std::ptrdiff_t next_near(const BoxKernels& kernels, std::ptrdiff_t i,
                           const OneBox<double>& box) const {
    const BoxColumns<T> columns = {memory_, memory_ + room_, memory_ + 2 * room_,
                                   memory_ + 3 * room_, memory_ + 4 * room_};
    return kernels.next_near_f64(columns, i, count_, box);
  }

  // Intersection over union of `box` with the kBoxLanes boxes from i on.
  void overlaps(const BoxKernels& kernels, std::ptrdiff_t i, const OneBox<double>& box,
                double* ious) const {
    const T* at = memory_ + i;
    const BoxColumns<T> columns = {at, at + room_, at + 2 * room_, at + 3 * room_, at + 4 * room_};
    kernels.iou_f64(columns, kBoxLanes, box, ious);
  }

 private:
  T* memory_;
  std::ptrdiff_t room_;
  std::ptrdiff_t count_ = 0;
};

// Kept boxes by the place of their corner (x0, y0), in cells that suit their sides: per axis, a
// level holds the sides of one factor of 4. Where IoU > t, the sides of two boxes differ by a
// factor of at most 1/t per axis and their corners by a fraction of a side, so that a candidate
// looks at few levels and few cells. Hash collisions only cost a comparison: each box found is
// compared exactly. Answers `crowded` where looking would cost more than comparing with all.
template <typename T>
class KeptGrid {
 public:
  enum class Answer { no, yes, crowded };

  // longest: the largest side of any box that will be asked for or added; most: how many will be.
  KeptGrid(double threshold, double longest, std::ptrdiff_t most)
      : threshold_(static_cast<T>(threshold)), looser_(looser(threshold)) {
    top_ = half_exponent(longest);
    // Cells about as large as what `reach` comes to, in the longest sides of a level, so that a
    // candidate looks at two by two cells or fewer unless the threshold is small.
    const double t = looser_;
    const double fraction =
        std::clamp((1 - t) * std::max(1 / t, (2 + t) / (1 + t)) * (1 + 0x1p-16), 0x1p-6, 1.0);
    for (int level = 0; level < kLevels; ++level) {
      const int exponent = 2 * (top_ + level - (kLevels - 1)) - 1023;
      least_[level] = level == 0 ? 0.0 : std::ldexp(1.0, exponent);
      most_[level] = std::min(std::ldexp(1.0, exponent + 2), std::numeric_limits<double>::max());
      per_side_[level] = std::min(1 / (fraction * most_[level]), 0x1p1000);
    }
    int bits = 8;
    while ((std::ptrdiff_t{1} << bits) < most && bits < 31) ++bits;
    shift_ = 64 - bits;
    first_.assign(std::size_t{1} << bits, -1);
    used_.assign(std::size_t{1} << (bits - 2), 0);
    entries_.reserve(static_cast<std::size_t>(most));
  }

  void add(const OneBox<T>& box) {
    const int lx = level(side(box.x0, box.x1)), ly = level(side(box.y0, box.y1));
    rows_[lx] |= std::uint64_t{1} << ly;
    const std::uint64_t key = hashed_level(lx, ly) +
                              hashed_x(cell(static_cast<double>(box.x0), lx)) +
                              hashed_y(cell(static_cast<double>(box.y0), ly));
    const std::uint64_t bit = key >> (shift_ - 4);
    used_[bit >> 6] |= std::uint64_t{1} << (bit & 63);
    std::int32_t& head = first_[key >> shift_];
    entries_.push_back({box, head});
    head = static_cast<std::int32_t>(entries_.size() - 1);
  }

  Answer any_over(const OneBox<T>& box) const {
    Axis x, y;
    reach(static_cast<double>(box.x0), side(box.x0, box.x1), x);
    reach(static_cast<double>(box.y0), side(box.y0, box.y1), y);
    const std::uint64_t levels_y =
        (~std::uint64_t{0} << y.low) & (~std::uint64_t{0} >> (kLevels - 1 - y.high));
    // A comparison here costs about ten of those in columns.
    auto budget = 16 + static_cast<std::int64_t>(entries_.size() / 8);
    for (int lx = x.low; lx <= x.high; ++lx) {
      std::uint64_t row = rows_[lx] & levels_y;
      for (int ly = y.low; row >> ly != 0; ++ly) {
        if ((row >> ly & 1) == 0) continue;
        row &= row - 1;
        const Answer answer = look(box, lx, ly, x.cells[lx], y.cells[ly], budget);
        if (answer != Answer::no) return answer;
        if (row == 0) break;
      }
    }
    return Answer::no;
  }

 private:
  static constexpr int kLevels = 64;
  struct Entry {
    OneBox<T> box;
    std::int32_t next;
  };
  struct Cells {
    std::int64_t low, high;
  };
  struct Axis {
    int low, high;  // levels
    Cells cells[kLevels];
  };

  // A threshold that stays below the exact IoU of every pair whose rounded IoU exceeds the given
  // one: roundings move it by a few units in the last place. Valid unless both areas are near the
  // smallest normal number (see `measurable` in nms.cpp).
  static double looser(double threshold) {
    return threshold < 0x1p-20 ? 0.0 : threshold * (1 - 0x1p-18);
  }

  static double side(T low, T high) { return static_cast<double>(high - low); }

  static int half_exponent(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<int>(bits >> 53);
  }

  int level(double length) const {
    return std::clamp(half_exponent(length) - top_ + kLevels - 1, 0, kLevels - 1);
  }

  std::int64_t cell(double place, int level) const {
    const double scaled = std::clamp(place * per_side_[level], -0x1p61, 0x1p61);
    const auto whole = static_cast<std::int64_t>(scaled);
    return whole - static_cast<std::int64_t>(scaled < static_cast<double>(whole));
  }

  // A cell's key is the sum of these; its upper bits are the place in the tables.
  static std::uint64_t hashed_x(std::int64_t x) {
    return static_cast<std::uint64_t>(x) * 0x9e3779b97f4a7c15u;
  }
  static std::uint64_t hashed_y(std::int64_t y) {
    return static_cast<std::uint64_t>(y) * 0xc2b2ae3d27d4eb4fu;
  }
  static std::uint64_t hashed_level(int lx, int ly) {
    return static_cast<std::uint64_t>(lx * kLevels + ly) * 0x165667b19e3779f9u;
  }

  // Sixteen bits a bucket, so that nearly all empty cells are told without touching a box.
  bool used(std::uint64_t key) const {
    const std::uint64_t bit = key >> (shift_ - 4);
    return (used_[bit >> 6] >> (bit & 63) & 1) != 0;
  }

  // Per axis, a pair with IoU > t overlaps by o >= t (a + b - o) for sides a and b, so a corner is
  // at most (a - t b) / (1 + t) before the other one. The ends are rounded, yet no kept corner
  // falls out: a corner is a number itself, and rounding and scaling keep order.
  void reach(double corner, double length, Axis& axis) const {
    const double t = looser_, slack = (1 + 0x1p-20) / (1 + t);
    const double shortest = length * t;
    const double longest = t > 0 ? std::min(length / t, most_[kLevels - 1]) : most_[kLevels - 1];
    axis.low = level(shortest);
    axis.high = level(longest);
    for (int l = axis.low; l <= axis.high; ++l) {
      const double after = (length - t * std::max(shortest, least_[l])) * slack;
      const double before = (std::min(longest, most_[l]) - t * length) * slack;
      axis.cells[l] = {cell(corner - before, l), cell(corner + after, l)};
    }
  }

  Answer look(const OneBox<T>& box, int lx, int ly, Cells x, Cells y, std::int64_t& budget) const {
    if (x.high - x.low > budget || y.high - y.low > budget) return Answer::crowded;
    const std::uint64_t base = hashed_level(lx, ly);
    if (x.high - x.low > 1 || y.high - y.low > 1) {
      for (std::int64_t cx = x.low; cx <= x.high; ++cx) {
        for (std::int64_t cy = y.low; cy <= y.high; ++cy) {
          if (--budget < 0) return Answer::crowded;
          const std::uint64_t key = base + hashed_x(cx) + hashed_y(cy);
          if (!used(key)) continue;
          const Answer answer = compare(box, key, budget);
          if (answer != Answer::no) return answer;
        }
      }
      return Answer::no;
    }
    // The usual case without branches that depend on the place: a repeated cell does not count.
    const std::uint64_t left = base + hashed_x(x.low), right = base + hashed_x(x.high);
    const std::uint64_t top = hashed_y(y.low), bottom = hashed_y(y.high);
    const bool wide = left != right, tall = top != bottom;
    std::uint64_t found[4];
    int count = 0;
    found[count] = left + top;
    count += static_cast<int>(used(left + top));
    found[count] = right + top;
    count += static_cast<int>(wide & used(right + top));
    found[count] = left + bottom;
    count += static_cast<int>(tall & used(left + bottom));
    found[count] = right + bottom;
    count += static_cast<int>(wide & tall & used(right + bottom));
    budget -= 4;
    for (int k = 0; k < count; ++k) {
      const Answer answer = compare(box, found[k], budget);
      if (answer != Answer::no) return answer;
    }
    return budget < 0 ? Answer::crowded : Answer::no;
  }

  Answer compare(const OneBox<T>& box, std::uint64_t key, std::int64_t& budget) const {
    for (std::int32_t i = first_[key >> shift_]; i >= 0;) {
      const Entry& entry = entries_[static_cast<std::size_t>(i)];
      if (over(entry.box, box)) return Answer::yes;
      if (--budget < 0) return Answer::crowded;
      i = entry.next;
    }
    return Answer::no;
  }

  bool over(const OneBox<T>& a, const OneBox<T>& b) const {
    const T w = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
    const T h = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
    if (!(w > 0 && h > 0)) return false;
    const T inter = w * h;
    return inter / (a.area + b.area - inter) > threshold_;
  }

  T threshold_;
  double looser_;
  int top_ = 0, shift_ = 0;
  double least_[kLevels], most_[kLevels], per_side_[kLevels];
  std::uint64_t rows_[kLevels] = {};  // per level of x, the levels of y that hold boxes
  std::vector<std::uint64_t> used_;   // a bit for 1/16 of a bucket
  std::vector<std::int32_t> first_;   // the last box put into a bucket; it leads to the others
  std::vector<Entry> entries_;
};

}  // namespace cvfast
