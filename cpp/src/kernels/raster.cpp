// Triangles in whole numbers: corners in 1/256 pixel, edges as exact 64-bit areas.
#include "kernels.h"

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
};

// False for a triangle without area.
bool corners(const RasterTriangles& mesh, std::ptrdiff_t i, Corners* out) {
  const std::int32_t* t = mesh.triangles + 3 * i;
  const std::int32_t* a = mesh.places + 2 * t[0];
  const std::int32_t* b = mesh.places + 2 * t[1];
  const std::int32_t* c = mesh.places + 2 * t[2];
  const std::int64_t twice = area(a, b, c[0], c[1]);
  if (twice == 0) return false;
  *out = {a, b, c, mesh.depths[t[0]], mesh.depths[t[1]], mesh.depths[t[2]]};
  if (twice < 0) *out = {a, c, b, mesh.depths[t[0]], mesh.depths[t[2]], mesh.depths[t[1]]};
  return true;
}

void draw(const RasterBand& band, const Corners& t, std::int32_t number) {
  const std::int64_t left = least(t.a[0], least(t.b[0], t.c[0]));
  const std::int64_t right = most(t.a[0], most(t.b[0], t.c[0]));
  const std::int64_t top = least(t.a[1], least(t.b[1], t.c[1]));
  const std::int64_t bottom = most(t.a[1], most(t.b[1], t.c[1]));
  const std::int64_t x0 = most(pixel_from(left), 0);
  const std::int64_t x1 = least(pixel_from(right + 1), band.width);
  const std::int64_t y0 = most(pixel_from(top), band.first);
  const std::int64_t y1 = least(pixel_from(bottom + 1), band.last);
  if (x0 >= x1 || y0 >= y1) return;
  Edge ea = edge(t.b, t.c, x0 * kOne, y0 * kOne), eb = edge(t.c, t.a, x0 * kOne, y0 * kOne);
  Edge ec = edge(t.a, t.b, x0 * kOne, y0 * kOne);
  const double whole = static_cast<double>(area(t.a, t.b, t.c[0], t.c[1]));
  for (std::int64_t y = y0; y < y1; ++y) {
    std::int64_t a = ea.at, b = eb.at, c = ec.at;
    for (std::int64_t x = x0; x < x1; ++x) {
      if (((a + ea.bias) | (b + eb.bias) | (c + ec.bias)) >= 0) {
        const double sum = static_cast<double>(a) * static_cast<double>(t.da) +
                           static_cast<double>(b) * static_cast<double>(t.db) +
                           static_cast<double>(c) * static_cast<double>(t.dc);
        const float depth = static_cast<float>(sum / whole);
        const std::int64_t at = y * band.width + x;
        if (depth < band.depth[at]) {
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

void index(const RasterTriangles& mesh, const RasterBand& band) {
  Corners t;
  for (std::ptrdiff_t i = 0; i < mesh.count; ++i) {
    if (corners(mesh, i, &t)) draw(band, t, static_cast<std::int32_t>(i));
  }
}

void mix_row(const RasterTriangles& mesh, const std::int32_t* row, std::ptrdiff_t y,
             std::ptrdiff_t width, const float* values, std::ptrdiff_t channels, float* out) {
  for (std::ptrdiff_t x = 0; x < width; ++x, out += channels) {
    if (row[x] < 0) {
      for (std::ptrdiff_t k = 0; k < channels; ++k) out[k] = 0;
      continue;
    }
    const std::int32_t* t = mesh.triangles + 3 * static_cast<std::ptrdiff_t>(row[x]);
    const std::int32_t* a = mesh.places + 2 * t[0];
    const std::int32_t* b = mesh.places + 2 * t[1];
    const std::int32_t* c = mesh.places + 2 * t[2];
    const std::int64_t twice = area(a, b, c[0], c[1]);
    const double whole = twice == 0 ? 1 : static_cast<double>(twice);
    const double wa = static_cast<double>(area(b, c, x * kOne, y * kOne)) / whole;
    const double wb = static_cast<double>(area(c, a, x * kOne, y * kOne)) / whole;
    const double wc = static_cast<double>(area(a, b, x * kOne, y * kOne)) / whole;
    const float* va = values + t[0] * channels;
    const float* vb = values + t[1] * channels;
    const float* vc = values + t[2] * channels;
    for (std::ptrdiff_t k = 0; k < channels; ++k) {
      out[k] = static_cast<float>(wa * static_cast<double>(va[k]) +
                                  wb * static_cast<double>(vb[k]) +
                                  wc * static_cast<double>(vc[k]));
    }
  }
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

void texture(const Source<std::uint8_t>& from, const float* places, std::ptrdiff_t n, float* out) {
  const std::ptrdiff_t channels = from.channels;
  for (std::ptrdiff_t i = 0; i < n; ++i, out += channels) {
    const Between x = between(places[2 * i], from.width);
    const Between y = between(places[2 * i + 1], from.height);
    const std::uint8_t* upper = from.data + y.first * from.row_stride;
    const std::uint8_t* lower = from.data + y.second * from.row_stride;
    for (std::ptrdiff_t k = 0; k < channels; ++k) {
      const float a = upper[x.first * channels + k], b = upper[x.second * channels + k];
      const float c = lower[x.first * channels + k], d = lower[x.second * channels + k];
      const float above = a + x.t * (b - a), below = c + x.t * (d - c);
      out[k] = above + y.t * (below - above);
    }
  }
}

}  // namespace

extern const RasterKernels raster_kernels;
const RasterKernels raster_kernels = {index, mix_row, texture};

}  // namespace cvfast::CVFAST_ISA
