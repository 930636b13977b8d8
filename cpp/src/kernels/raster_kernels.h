// Triangles: as kernels.h, for its files in this folder.
#pragma once

#include "kernels/kernels.h"

namespace cvfast {

// Corners in 1/256 pixel, x and y in turn; triangles of three corners each.
struct RasterTriangles {
  const std::int32_t* places;
  const float* depths;
  const std::int32_t* triangles;
  std::ptrdiff_t count;
};

struct RasterTexture {
  const std::uint8_t* data;
  std::ptrdiff_t width, height, channels, row_stride;
};

// Triangles from number `first` on show only where the texel nearest to their place in a plane of
// opacity is over 127; `places` are x, y of each corner's vertex.
struct RasterCut {
  const float* places;
  const std::uint8_t* opacity;
  std::ptrdiff_t width, height, pixel_stride;  // between neighbouring texels
  std::ptrdiff_t first;
};

// What a texture's pixel is made of, a vertex after the other: place x, y in the texture, three
// factors of its colour and three sums.
constexpr std::ptrdiff_t kShadeValues = 8;
constexpr std::ptrdiff_t kMostGridChannels = 8;
struct RasterShade {
  const float* values;
  RasterTexture texture;      // three channels or more
  const std::uint8_t* parts;  // of the texture's size: a part a texel
};

// A texture seen through a bent grid; see sample_grid in raster.h.
struct RasterGrid {
  RasterTexture texture;
  const float* nodes;    // (cells + 1, cells + 1, 2)
  std::ptrdiff_t cells;  // a side
  float matrix[6];       // from the output's points to the grid's
  std::ptrdiff_t colors, finer;
};

// Rows `first` to before `last` of a picture, to draw into.
struct RasterBand {
  std::ptrdiff_t width, first, last;
  std::int32_t* index;
  float* depth;
};

struct RasterKernels {
  // Writes the nearest triangle's number and depth where it is nearer than what is there.
  void (*index)(const RasterTriangles&, const RasterCut&, const RasterBand&);
  // A row of numbers of triangles to mixtures of their corners' values.
  void (*mix_row)(const RasterTriangles&, const std::int32_t* row, std::ptrdiff_t y,
                  std::ptrdiff_t width, const float* values, std::ptrdiff_t channels, float* out);
  // A row of numbers of triangles to linear light (three numbers a pixel) and parts.
  void (*shade_row)(const RasterTriangles&, const RasterShade&, const std::int32_t* row,
                    std::ptrdiff_t y, std::ptrdiff_t width, float* color, std::uint8_t* part);
  // Bilinear samples at n places x, y.
  void (*texture)(const RasterTexture&, const float* places, std::ptrdiff_t n, float* out);
  // A row of a texture seen through a grid: means of samples.
  void (*grid_row)(const RasterGrid&, std::ptrdiff_t y, std::ptrdiff_t width, float* out);
};

}  // namespace cvfast
