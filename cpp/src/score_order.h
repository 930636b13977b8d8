// The order of scores, descending and stable: keys whose ascending order that is, radix-sorted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

namespace cvfast {

inline std::uint32_t descending_key(float score) {
  std::uint32_t bits;
  const float value = score + 0.0f;  // -0 ties with 0
  std::memcpy(&bits, &value, sizeof bits);
  return (bits >> 31) != 0 ? bits : ~bits & 0x7fffffffu;
}

inline std::uint64_t descending_key(double score) {
  std::uint64_t bits;
  const double value = score + 0.0;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits >> 63) != 0 ? bits : ~bits & 0x7fffffffffffffffu;
}

template <typename Key>
struct Keyed {
  Key key;
  std::uint32_t index;
};

// Sorts items by key, stable; `spare` is as long. Returns where the sorted items are, in either.
template <typename Key>
Keyed<Key>* radix_sort(Keyed<Key>* items, Keyed<Key>* spare, std::ptrdiff_t count) {
  constexpr int kBits = 11, kDigits = (static_cast<int>(sizeof(Key)) * 8 + kBits - 1) / kBits;
  constexpr std::size_t kBuckets = std::size_t{1} << kBits;
  Key varying = 0;  // bits in which any two keys differ
  for (std::ptrdiff_t i = 1; i < count; ++i) varying |= items[i].key ^ items[0].key;
  std::uint32_t start[kBuckets];
  for (int digit = 0; digit < kDigits; ++digit) {
    const int shift = digit * kBits;
    if (((varying >> shift) & (kBuckets - 1)) == 0) continue;
    std::memset(start, 0, sizeof start);
    for (std::ptrdiff_t i = 0; i < count; ++i) ++start[(items[i].key >> shift) & (kBuckets - 1)];
    std::uint32_t sum = 0;
    for (std::size_t b = 0; b < kBuckets; ++b) {
      const std::uint32_t size = start[b];
      start[b] = sum;
      sum += size;
    }
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      spare[start[(items[i].key >> shift) & (kBuckets - 1)]++] = items[i];
    }
    std::swap(items, spare);
  }
  return items;
}

}  // namespace cvfast
