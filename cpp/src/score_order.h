// A stable radix sort of keys (of scores, of classes) that gives their order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

// Keys whose ascending order is the scores' descending one, and their range; false where a score is
// not finite.
inline bool descending_keys(const float* scores, std::ptrdiff_t n, std::uint32_t* keys,
                            std::uint32_t* range) {
  return CVFAST_PICK(nms_kernels).keys_f32(scores, n, keys, range);
}
inline bool descending_keys(const double* scores, std::ptrdiff_t n, std::uint64_t* keys,
                            std::uint64_t* range) {
  return CVFAST_PICK(nms_kernels).keys_f64(scores, n, keys, range);
}

template <typename Key>
struct Keyed {
  Key key;
  std::uint32_t index;
};

// Writes the stable ascending order of the keys, which lie in [least, most], to `order`. `items` is
// room for twice as many. Digits are as wide as the range asks for, 11 bits at most.
template <typename Key>
void radix_order(const Key* keys, std::ptrdiff_t count, Key least, Key most, Keyed<Key>* items,
                 std::uint32_t* order) {
  constexpr int kBits = 11, kDigits = (static_cast<int>(sizeof(Key)) * 8 + kBits - 1) / kBits;
  int width = 1;
  while (width < static_cast<int>(sizeof(Key)) * 8 && ((most - least) >> width) != 0) ++width;
  const int digits = (width + kBits - 1) / kBits, bits = (width + digits - 1) / digits;
  const std::size_t buckets = std::size_t{1} << bits;
  const Key mask = static_cast<Key>(buckets - 1);
  std::uint32_t starts[kDigits][std::size_t{1} << kBits];
  for (int d = 0; d < digits; ++d) std::memset(starts[d], 0, buckets * sizeof starts[d][0]);
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    Key key = keys[i] - least;
    for (int d = 0; d < digits; ++d, key >>= bits) ++starts[d][key & mask];
  }
  for (int d = 0; d < digits; ++d) {
    std::uint32_t sum = 0;
    for (std::size_t b = 0; b < buckets; ++b) {
      const std::uint32_t size = starts[d][b];
      starts[d][b] = sum;
      sum += size;
    }
  }
  if (digits == 1) {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      order[starts[0][keys[i] - least]++] = static_cast<std::uint32_t>(i);
    }
    return;
  }
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const Key key = keys[i] - least;
    items[starts[0][key & mask]++] = {key, static_cast<std::uint32_t>(i)};
  }
  Keyed<Key>* spare = items + count;
  int shift = bits;
  for (int d = 1; d < digits - 1; ++d, shift += bits) {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      spare[starts[d][(items[i].key >> shift) & mask]++] = items[i];
    }
    std::swap(items, spare);
  }
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    order[starts[digits - 1][items[i].key >> shift]++] = items[i].index;
  }
}

}  // namespace cvfast
