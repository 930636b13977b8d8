// Arbitrary bytes as sizes, numbers and pixels: what the fuzz entries share.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

// What must hold whatever the bytes: else the fuzzer keeps them as a crash.
#define MUST(condition)                                                    \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  std::ptrdiff_t below(int limit) { return byte() % limit; }
  bool flag() { return (byte() & 1) != 0; }

  // Mostly quarters of a pixel near the picture; now and then any bits, non-finite ones too.
  double number() {
    const std::uint8_t how = byte();
    if (how >= 240) {
      std::uint64_t bits = 0;
      for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
      double value = 0;
      std::memcpy(&value, &bits, sizeof value);
      return value;
    }
    return (how % 4 * 256 + byte()) / 4.0 - (how & 4 ? 128 : 0) + (how & 8 ? 1e-3 : 0);
  }
  std::vector<double> numbers(std::ptrdiff_t count) {
    std::vector<double> values(static_cast<std::size_t>(count));
    for (double& value : values) value = number();
    return values;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

// A picture in memory of exactly its size, so that a read past either end is seen.
template <typename T>
struct Pixels {
  std::ptrdiff_t width, height, channels, stride;  // the stride may be negative
  std::size_t count;
  std::unique_ptr<T[]> memory;

  Pixels(std::ptrdiff_t w, std::ptrdiff_t h, std::ptrdiff_t c, std::ptrdiff_t apart, bool flipped)
      : width(w),
        height(h),
        channels(c),
        stride(flipped ? -apart : apart),
        count(static_cast<std::size_t>(h == 0 ? 0 : (h - 1) * apart + w * c)),
        memory(new T[count]) {
    for (std::size_t i = 0; i < count; ++i) memory[i] = static_cast<T>(i * 37 % 251);
  }
  T* first() const {
    return memory.get() + (stride < 0 && height > 0 ? -(height - 1) * stride : 0);
  }
};
