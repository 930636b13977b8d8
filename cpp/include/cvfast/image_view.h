// A picture somebody else owns: rows of packed pixels, any stride between rows.
#pragma once

#include <cstddef>

namespace cvfast {

template <typename T>
struct ImageView {
  T* data;                    // first pixel of the first row
  std::ptrdiff_t width;       // pixels
  std::ptrdiff_t height;      // rows
  std::ptrdiff_t channels;    // values a pixel, 1 to 4
  std::ptrdiff_t row_stride;  // elements from one row to the next, may be negative

  T* row(std::ptrdiff_t y) const { return data + y * row_stride; }
};

}  // namespace cvfast
