// Triangles in whole numbers: corners in 1/256 pixel, edges as exact 64-bit areas.
#include "kernels/raster_kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

constexpr std::int64_t kOne = 256;  // a pixel

// Twice the area to the left of the edge a -> b, for a corner or pixel p.
std::int64_t area(const std::int32_t* a, const std::int32_t* b, std::int64_t x, std::int64_t y) {
  return (b[0] - static_cast<std::int64_t>(a[0])) * (y - a[1]) -
         (b[1] - static_cast<std::int64_t>(a[1])) * (x - a[0]);
}

// One of the three edges, opposite to a corner: its area at a pixel and what a step adds.
struct Edge {
  std::int64_t at, right, down, bias;
};

Edge edge(const std::int32_t* a, const std::int32_t* b, std::int64_t x, std::int64_t y) {
  const std::int64_t dx = b[0] - static_cast<std::int64_t>(a[0]);
  const std::int64_t dy = b[1] - static_cast<std::int64_t>(a[1]);
  // With y down and areas over 0 inside, a top edge runs right and a left edge runs up.
  const bool owns = (dy == 0 && dx > 0) || dy < 0;
  return {area(a, b, x, y), -dy * kOne, dx * kOne, owns ? 0 : -1};
}

std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
std::int64_t most(std::int64_t a, std::int64_t b) { return a > b ? a : b; }

// The first pixel at or after a place in 1/256 pixel.
std::int64_t pixel_from(std::int64_t place) {
  return place >= 0 ? (place + kOne - 1) / kOne : -(-place / kOne);
}

struct Corners {
  const std::int32_t *a, *b, *c;  // the area of abc is over 0
  float da, db, dc;               // depths
  std::ptrdiff_t na, nb, nc;      // numbers
};

// False for a triangle without area.
bool corners(const RasterTriangles& mesh, std::ptrdiff_t i, Corners* out) {
  const std::int32_t* t = mesh.triangles + 3 * i;
  const std::int32_t* a = mesh.places + 2 * t[0];
  const std::int32_t* b = mesh.places + 2 * t[1];
  const std::int32_t* c = mesh.places + 2 * t[2];
  const std::int64_t twice = area(a, b, c[0], c[1]);
  if (twice == 0) return false;
  const float da = mesh.depths[t[0]], db = mesh.depths[t[1]], dc = mesh.depths[t[2]];
  *out = {a, b, c, da, db, dc, t[0], t[1], t[2]};
  if (twice < 0) *out = {a, c, b, da, dc, db, t[0], t[2], t[1]};
  return true;
}

// A place among `count` texels: the texel before it, the next one, and the way between.
struct Between {
  std::ptrdiff_t first, second;
  float t;
};

Between between(float place, std::ptrdiff_t count) {
  const float last = static_cast<float>(count - 1);
  const float inside = !(place > 0) ? 0 : place < last ? place : last;
  const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(inside);
  const std::ptrdiff_t second = first + 1 < count ? first + 1 : first;
  return {first, second, inside - static_cast<float>(first)};
}

std::ptrdiff_t nearest(float place, std::ptrdiff_t count) {
  const Between at = between(place, count);
  return at.t < 0.5F ? at.first : at.second;
}

// Shares of a triangle's corners at a pixel.
struct Shares {
  double a, b, c;
};

float mixed(const Shares& w, float a, float b, float c) {
  return static_cast<float>(w.a * static_cast<double>(a) + w.b * static_cast<double>(b) +
                            w.c * static_cast<double>(c));
}

bool is_cut(const RasterCut& cut, const Corners& t, const Shares& w) {
  const float *a = cut.places + 2 * t.na, *b = cut.places + 2 * t.nb, *c = cut.places + 2 * t.nc;
  const std::ptrdiff_t x = nearest(mixed(w, a[0], b[0], c[0]), cut.width);
  const std::ptrdiff_t y = nearest(mixed(w, a[1], b[1], c[1]), cut.height);
  return cut.opacity[(y * cut.width + x) * cut.pixel_stride] < 128;
}

struct Span {
  std::int64_t x0, x1, y0, y1;
};

// Pixels that may lie in a triangle, within a band.
Span span(const Corners& t, const RasterBand& band) {
  const std::int64_t left = least(t.a[0], least(t.b[0], t.c[0]));
  const std::int64_t right = most(t.a[0], most(t.b[0], t.c[0]));
  const std::int64_t top = least(t.a[1], least(t.b[1], t.c[1]));
  const std::int64_t bottom = most(t.a[1], most(t.b[1], t.c[1]));
  return {most(pixel_from(left), 0), least(pixel_from(right + 1), band.width),
          most(pixel_from(top), band.first), least(pixel_from(bottom + 1), band.last)};
}

void draw(const RasterBand& band, const RasterCut& cut, const Corners& t, std::int32_t number) {
  const Span s = span(t, band);
  if (s.x0 >= s.x1 || s.y0 >= s.y1) return;
  Edge ea = edge(t.b, t.c, s.x0 * kOne, s.y0 * kOne);
  Edge eb = edge(t.c, t.a, s.x0 * kOne, s.y0 * kOne);
  Edge ec = edge(t.a, t.b, s.x0 * kOne, s.y0 * kOne);
  const double whole = static_cast<double>(area(t.a, t.b, t.c[0], t.c[1]));
  const bool tested = number >= cut.first;
  for (std::int64_t y = s.y0; y < s.y1; ++y) {
    std::int64_t a = ea.at, b = eb.at, c = ec.at;
    for (std::int64_t x = s.x0; x < s.x1; ++x) {
      if (((a + ea.bias) | (b + eb.bias) | (c + ec.bias)) >= 0) {
        const Shares w = {static_cast<double>(a) / whole, static_cast<double>(b) / whole,
                          static_cast<double>(c) / whole};
        const float depth = mixed(w, t.da, t.db, t.dc);
        const std::int64_t at = y * band.width + x;
        if (depth < band.depth[at] && !(tested && is_cut(cut, t, w))) {
          band.depth[at] = depth;
          band.index[at] = number;
        }
      }
      a += ea.right;
      b += eb.right;
      c += ec.right;
    }
    ea.at += ea.down;
    eb.at += eb.down;
    ec.at += ec.down;
  }
}

void index(const RasterTriangles& mesh, const RasterCut& cut, const RasterBand& band) {
  Corners t;
  for (std::ptrdiff_t i = 0; i < mesh.count; ++i) {
    if (corners(mesh, i, &t)) draw(band, cut, t, static_cast<std::int32_t>(i));
  }
}

Shares shares(const RasterTriangles& mesh, const std::int32_t* t, std::int64_t x, std::int64_t y) {
  const std::int32_t* a = mesh.places + 2 * t[0];
  const std::int32_t* b = mesh.places + 2 * t[1];
  const std::int32_t* c = mesh.places + 2 * t[2];
  const std::int64_t twice = area(a, b, c[0], c[1]);
  const double whole = twice == 0 ? 1 : static_cast<double>(twice);
  return {static_cast<double>(area(b, c, x * kOne, y * kOne)) / whole,
          static_cast<double>(area(c, a, x * kOne, y * kOne)) / whole,
          static_cast<double>(area(a, b, x * kOne, y * kOne)) / whole};
}

void mix_row(const RasterTriangles& mesh, const std::int32_t* row, std::ptrdiff_t y,
             std::ptrdiff_t width, const float* values, std::ptrdiff_t channels, float* out) {
  for (std::ptrdiff_t x = 0; x < width; ++x, out += channels) {
    if (row[x] < 0) {
      for (std::ptrdiff_t k = 0; k < channels; ++k) out[k] = 0;
      continue;
    }
    const std::int32_t* t = mesh.triangles + 3 * static_cast<std::ptrdiff_t>(row[x]);
    const Shares w = shares(mesh, t, x, y);
    const float* a = values + t[0] * channels;
    const float* b = values + t[1] * channels;
    const float* c = values + t[2] * channels;
    for (std::ptrdiff_t k = 0; k < channels; ++k) out[k] = mixed(w, a[k], b[k], c[k]);
  }
}

// Bilinear samples of the first `count` channels.
void sample(const RasterTexture& from, float x_place, float y_place, std::ptrdiff_t count,
            float* out) {
  const Between x = between(x_place, from.width), y = between(y_place, from.height);
  const std::uint8_t* upper = from.data + y.first * from.row_stride;
  const std::uint8_t* lower = from.data + y.second * from.row_stride;
  const std::ptrdiff_t first = x.first * from.channels, second = x.second * from.channels;
  for (std::ptrdiff_t k = 0; k < count; ++k) {
    const float a = upper[first + k], b = upper[second + k];
    const float c = lower[first + k], d = lower[second + k];
    const float above = a + x.t * (b - a), below = c + x.t * (d - c);
    out[k] = above + y.t * (below - above);
  }
}

void shade_row(const RasterTriangles& mesh, const RasterShade& shade, const std::int32_t* row,
               std::ptrdiff_t y, std::ptrdiff_t width, float* color, std::uint8_t* part) {
  for (std::ptrdiff_t x = 0; x < width; ++x, color += 3) {
    if (row[x] < 0) {
      color[0] = color[1] = color[2] = 0;
      part[x] = 0;
      continue;
    }
    const std::int32_t* t = mesh.triangles + 3 * static_cast<std::ptrdiff_t>(row[x]);
    const Shares w = shares(mesh, t, x, y);
    const float* a = shade.values + t[0] * kShadeValues;
    const float* b = shade.values + t[1] * kShadeValues;
    const float* c = shade.values + t[2] * kShadeValues;
    float v[kShadeValues], texel[3];
    for (std::ptrdiff_t k = 0; k < kShadeValues; ++k) v[k] = mixed(w, a[k], b[k], c[k]);
    sample(shade.texture, v[0], v[1], 3, texel);
    for (std::ptrdiff_t k = 0; k < 3; ++k) {
      const float level = texel[k] * (1.0F / 255.0F);
      color[k] = level * level * v[2 + k] + v[5 + k];
    }
    const std::ptrdiff_t column = nearest(v[0], shade.texture.width);
    part[x] = shade.parts[nearest(v[1], shade.texture.height) * shade.texture.width + column];
  }
}

void texture(const RasterTexture& from, const float* places, std::ptrdiff_t n, float* out) {
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    sample(from, places[2 * i], places[2 * i + 1], from.channels, out + i * from.channels);
  }
}

// The place in the texture that a point of the grid shows; points outside show the nearest inside.
void grid_place(const RasterGrid& grid, float x, float y, float* place) {
  const float end = static_cast<float>(grid.cells);
  x = x > 0 ? (x < end ? x : end) : 0;  // NaN is 0
  y = y > 0 ? (y < end ? y : end) : 0;
  std::ptrdiff_t column = static_cast<std::int32_t>(x), row = static_cast<std::int32_t>(y);
  if (column == grid.cells) --column;
  if (row == grid.cells) --row;
  const float u = x - static_cast<float>(column), v = y - static_cast<float>(row);
  const float* upper = grid.nodes + 2 * (row * (grid.cells + 1) + column);
  const float* lower = upper + 2 * (grid.cells + 1);
  for (std::ptrdiff_t k = 0; k < 2; ++k) {
    const float above = upper[k] + u * (upper[k + 2] - upper[k]);
    const float below = lower[k] + u * (lower[k + 2] - lower[k]);
    place[k] = above + v * (below - above);
  }
}

// Channels: of the texture; 0 for any number of them.
template <int Channels>
void grid_row_of(const RasterGrid& grid, std::ptrdiff_t y, std::ptrdiff_t width, float* out) {
  const std::ptrdiff_t n = grid.finer, stride = grid.texture.row_stride;
  const std::ptrdiff_t channels = Channels != 0 ? Channels : grid.texture.channels;
  const float step = 1.0F / static_cast<float>(n), end = static_cast<float>(grid.cells);
  const float share = step * step, *m = grid.matrix;
  for (std::ptrdiff_t x = 0; x < width; ++x, out += channels) {
    float sums[kMostGridChannels] = {};
    for (std::ptrdiff_t i = 0; i < n * n; ++i) {
      const float px = static_cast<float>(x) + (static_cast<float>(i % n) + 0.5F) * step;
      const float py = static_cast<float>(y) + (static_cast<float>(i / n) + 0.5F) * step;
      const float gx = m[0] * px + m[1] * py + m[2], gy = m[3] * px + m[4] * py + m[5];
      float place[2];
      grid_place(grid, gx, gy, place);
      const Between u = between(place[0], grid.texture.width);
      const Between v = between(place[1], grid.texture.height);
      const std::uint8_t* upper = grid.texture.data + v.first * stride;
      const std::uint8_t* lower = grid.texture.data + v.second * stride;
      const std::ptrdiff_t first = u.first * channels, second = u.second * channels;
      const bool inside = gx > 0 && gx < end && gy > 0 && gy < end;
      for (std::ptrdiff_t k = 0; k < channels; ++k) {
        const float p = upper[first + k], q = upper[second + k];
        const float r = lower[first + k], s = lower[second + k];
        const float above = p + u.t * (q - p), below = r + u.t * (s - r);
        sums[k] += inside || k < grid.colors ? above + v.t * (below - above) : 0.0F;
      }
    }
    for (std::ptrdiff_t k = 0; k < channels; ++k) out[k] = sums[k] * share;
  }
}

void grid_row(const RasterGrid& grid, std::ptrdiff_t y, std::ptrdiff_t width, float* out) {
  switch (grid.texture.channels) {
    case 3: return grid_row_of<3>(grid, y, width, out);
    case 5: return grid_row_of<5>(grid, y, width, out);
    default: return grid_row_of<0>(grid, y, width, out);
  }
}

}  // namespace

extern const RasterKernels raster_kernels;
const RasterKernels raster_kernels = {index, mix_row, shade_row, texture, grid_row};

}  // namespace cvfast::CVFAST_ISA
