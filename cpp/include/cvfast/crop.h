// Rotated regions of a picture read as small upright RGB ones, straight from the samples of a video
// frame or from an array.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cvfast {

enum class SampleType { u8, u16, f32 };

// Samples on one grid: one array of 1 to 3 interleaved channels, or two of one channel each. The
// picture's point (x, y) is the grid's (p0 x + p1 y + p2, p3 x + p4 y + p5).
struct SampleGrid {
  const void* data[2];  // the second one null, unless there are two arrays
  SampleType type;
  std::ptrdiff_t width, height, channels;
  std::ptrdiff_t row_stride[2];  // elements, may be negative
  double place[6];
};

// Grey or RGB: one grid of 1 or 3 channels. YCbCr: luma on the first grid, Cb and Cr on the second.
struct CropPicture {
  std::ptrdiff_t width, height;
  SampleGrid grids[2];
  int grid_count;
  int bits;                   // of u16 samples, 9 to 16 (at least 8); f32 ones are in [0, 1]
  float to_rgb[9], black[3];  // rgb = to_rgb (ycc - black), in levels of 8 bits; not used for RGB
};

// Output pixel (i, j) shows the picture's point (m0 i + m1 j + m2, m3 i + m4 j + m5).
struct CropView {
  double matrix[6];
  std::ptrdiff_t width, height;
  int fill;  // the grey level outside the picture, 0 to 255; -1 continues its border
};

// Averages over blocks of about one output pixel first where the view is smaller than the picture,
// then samples bilinearly. The first writes RGB, the second RGB * scale + shift. threads 0:
// num_threads(). Throws std::invalid_argument for a matrix that is not finite or flat.
void read_crop(const CropPicture& picture, const CropView& view, std::uint8_t* out, int threads);
void read_crop(const CropPicture& picture, const CropView& view, float scale, float shift,
               float* out, int threads);

}  // namespace cvfast
