// A triangle rasteriser with a depth buffer, in two steps: which triangle each pixel shows, then
// what lies there (Pineda: A Parallel Algorithm for Polygon Rasterization, 1988; Burns, Hunt: The
// Visibility Buffer, 2013). Parallel projection: everything is linear over a triangle.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cvfast {

// Pixel centres lie at whole coordinates. Corners are first rounded to 1/256 of a pixel, so that
// coverage is exact: a pixel centre on an edge shared by two triangles belongs to one of them (the
// one whose top or left edge it is), and a closed sheet covers each centre once. Either way round
// a triangle is drawn; one without area is not.
struct RasterMesh {
  const double* vertices;  // (count, 3): x, y within kRasterReach of 0; depth, smaller nearer
  std::ptrdiff_t vertex_count;
  const std::int32_t* triangles;  // (count, 3) numbers of vertices
  std::ptrdiff_t triangle_count;
};

constexpr double kRasterReach = 100000;

struct RasterSize {
  std::ptrdiff_t width, height;
};

struct Texture {
  const std::uint8_t* texels;  // (height, width, channels)
  std::ptrdiff_t width, height, channels;
};

// Lets triangles from number `first` on show only where a texture's last channel, at the texel
// nearest to their place, is over 127.
struct RasterCutout {
  const float* places;  // (vertex count, 2): x, y in texels
  Texture texture;
  std::ptrdiff_t first;
};

// For each pixel the number of the nearest triangle (the first of several as near), -1 where there
// is none, and its depth there (infinity for none). `cutout` may be null. threads 0: num_threads().
// Throws std::invalid_argument for corners that are not finite or out of reach and for triangles of
// vertices that do not exist, before it writes.
void raster_index(const RasterMesh& mesh, const RasterCutout* cutout, RasterSize size,
                  std::int32_t* index, float* depth, int threads);

// `values` is (vertex count, channels) and `out` (height, width, channels): each pixel gets the
// mixture of its triangle's three corners, 0 where there is none. `index` is what raster_index
// gave for this mesh and size; numbers of no triangle of it throw.
void raster_values(const RasterMesh& mesh, RasterSize size, const std::int32_t* index,
                   const float* values, std::ptrdiff_t channels, float* out, int threads);

// Textured and lit: `values` is (vertex count, 8), the place x, y in the texture, three factors and
// three sums. A pixel's linear colour is factor * (level / 255)^2 + sum of the first three
// channels, `color` (height, width, 3); its part, (height, width), is that of the nearest texel in
// `parts`, which is as large as the texture. Both are 0 where there is no triangle.
void raster_shade(const RasterMesh& mesh, RasterSize size, const std::int32_t* index,
                  const float* values, const Texture& texture, const std::uint8_t* parts,
                  float* color, std::uint8_t* part, int threads);

// Bilinear samples of a texture at `count` places x, y, which count its texels as pixels are
// counted; places outside take its edge, those that are not finite its first texel. `out` is
// (count, channels).
void sample_texture(const Texture& texture, const float* places, std::ptrdiff_t count, float* out,
                    int threads);

// A grid of cells, each side alike, laid over a texture: node (i, j) at column i, row j of
// `nodes`, (cells + 1, cells + 1, 2), shows the place x, y of the texture that stands there, as
// pixels are counted, and between nodes it is bilinear.
struct TextureGrid {
  const float* nodes;
  std::ptrdiff_t cells;
};

// The texture seen through the grid: `out` is (height, width, channels), and its point (x, y),
// counted from the corner of the first pixel, shows the grid's (m0 x + m1 y + m2, m3 x + m4 y +
// m5), counted in cells from the first node. Each pixel is the mean of `finer` by `finer` bilinear
// samples. Beyond the grid, the first `colors` channels take its border, the others are 0. At most
// 8 channels. Throws std::invalid_argument for nodes or a matrix that are not finite.
void sample_grid(const Texture& texture, const TextureGrid& grid, const double* matrix,
                 std::ptrdiff_t colors, std::ptrdiff_t finer, RasterSize size, float* out,
                 int threads);

}  // namespace cvfast
