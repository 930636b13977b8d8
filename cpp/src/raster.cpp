#include "cvfast/raster.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/raster_kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

// The mesh as the kernels take it: checked, its corners rounded.
class Rounded {
 public:
  explicit Rounded(const RasterMesh& mesh)
      : places_(static_cast<std::size_t>(2 * mesh.vertex_count)),
        depths_(static_cast<std::size_t>(mesh.vertex_count)),
        view{places_.data(), depths_.data(), mesh.triangles, mesh.triangle_count} {
    check_finite("vertices", mesh.vertices, mesh.vertex_count, 3);
    for (ptrdiff_t i = 0; i < mesh.vertex_count; ++i) {
      const double* vertex = mesh.vertices + 3 * i;
      for (ptrdiff_t axis = 0; axis < 2; ++axis) {
        if (std::abs(vertex[axis]) > kRasterReach) {
          reject("vertices", i, "places within 100000 pixels of 0", vertex[axis]);
        }
        places_[static_cast<std::size_t>(2 * i + axis)] =
            static_cast<std::int32_t>(std::floor(vertex[axis] * 256 + 0.5));
      }
      depths_[static_cast<std::size_t>(i)] = static_cast<float>(vertex[2]);
    }
    for (ptrdiff_t i = 0; i < 3 * mesh.triangle_count; ++i) {
      if (mesh.triangles[i] < 0 || mesh.triangles[i] >= mesh.vertex_count) {
        reject("triangles", i / 3,
               "numbers of vertices, under " + std::to_string(mesh.vertex_count),
               static_cast<double>(mesh.triangles[i]));
      }
    }
  }

 private:
  std::vector<std::int32_t> places_;
  std::vector<float> depths_;

 public:
  const RasterTriangles view;
};

void check_index(const RasterMesh& mesh, RasterSize size, const std::int32_t* index) {
  for (ptrdiff_t i = 0; i < size.width * size.height; ++i) {
    if (index[i] < -1 || index[i] >= mesh.triangle_count) {
      reject("index", i, "numbers of triangles, or -1", static_cast<double>(index[i]));
    }
  }
}

RasterTexture source(const Texture& texture) {
  return {texture.texels, texture.width, texture.height, texture.channels,
          texture.width * texture.channels};
}

}  // namespace

void raster_index(const RasterMesh& mesh, const RasterCutout* cutout, RasterSize size,
                  std::int32_t* index, float* depth, int requested) {
  const Rounded rounded(mesh);
  const ptrdiff_t pixels = size.width * size.height;
  std::fill_n(index, pixels, -1);
  std::fill_n(depth, pixels, std::numeric_limits<float>::infinity());
  const double work =
      8.0 * static_cast<double>(pixels) + 60.0 * static_cast<double>(mesh.triangle_count);
  const int threads = threads_for(requested, work);
  const RasterKernels& k = CVFAST_PICK(raster_kernels);
  RasterCut cut = {nullptr, nullptr, 1, 1, 1, mesh.triangle_count};
  if (cutout != nullptr) {
    const Texture& t = cutout->texture;
    cut = {cutout->places, t.texels + t.channels - 1, t.width, t.height, t.channels, cutout->first};
  }
  // Each thread draws all triangles into rows of its own.
  parallel_for(threads, threads, [&](ptrdiff_t thread) {
    k.index(rounded.view, cut,
            {size.width, size.height * thread / threads, size.height * (thread + 1) / threads,
             index, depth});
  });
}

void raster_values(const RasterMesh& mesh, RasterSize size, const std::int32_t* index,
                   const float* values, ptrdiff_t channels, float* out, int requested) {
  const Rounded rounded(mesh);
  check_index(mesh, size, index);
  const double pixels = static_cast<double>(size.width) * static_cast<double>(size.height);
  const int threads = threads_for(requested, pixels * (8.0 + 2.0 * static_cast<double>(channels)));
  const RasterKernels& k = CVFAST_PICK(raster_kernels);
  parallel_for(size.height, threads, [&](ptrdiff_t y) {
    k.mix_row(rounded.view, index + y * size.width, y, size.width, values, channels,
              out + y * size.width * channels);
  });
}

void raster_shade(const RasterMesh& mesh, RasterSize size, const std::int32_t* index,
                  const float* values, const Texture& texture, const std::uint8_t* parts,
                  float* color, std::uint8_t* part, int requested) {
  const Rounded rounded(mesh);
  check_index(mesh, size, index);
  const RasterShade shade = {values, source(texture), parts};
  const double pixels = static_cast<double>(size.width) * static_cast<double>(size.height);
  const int threads = threads_for(requested, 40.0 * pixels);
  const RasterKernels& k = CVFAST_PICK(raster_kernels);
  parallel_for(size.height, threads, [&](ptrdiff_t y) {
    k.shade_row(rounded.view, shade, index + y * size.width, y, size.width,
                color + 3 * y * size.width, part + y * size.width);
  });
}

void sample_texture(const Texture& texture, const float* places, ptrdiff_t count, float* out,
                    int requested) {
  const RasterTexture from = source(texture);
  const ptrdiff_t run = 1024, runs = (count + run - 1) / run;
  const int threads = threads_for(requested, 10.0 * static_cast<double>(count));
  const RasterKernels& k = CVFAST_PICK(raster_kernels);
  parallel_for(runs, threads, [&](ptrdiff_t i) {
    k.texture(from, places + 2 * i * run, std::min(run, count - i * run),
              out + i * run * texture.channels);
  });
}

void sample_grid(const Texture& texture, const TextureGrid& grid, const double* matrix,
                 ptrdiff_t colors, ptrdiff_t finer, RasterSize size, float* out, int requested) {
  check_finite("matrix", matrix, 6);
  const ptrdiff_t nodes = (grid.cells + 1) * (grid.cells + 1);
  for (ptrdiff_t i = 0; i < 2 * nodes; ++i) {
    if (!std::isfinite(grid.nodes[i])) reject("nodes", i / 2, "finite numbers", grid.nodes[i]);
  }
  RasterGrid seen = {source(texture), grid.nodes, grid.cells, {}, colors, finer};
  for (int i = 0; i < 6; ++i) seen.matrix[i] = static_cast<float>(matrix[i]);
  const double pixels = static_cast<double>(size.width) * static_cast<double>(size.height);
  const int threads = threads_for(requested, 20.0 * pixels * static_cast<double>(finer * finer));
  const RasterKernels& k = CVFAST_PICK(raster_kernels);
  parallel_for(size.height, threads, [&](ptrdiff_t y) {
    k.grid_row(seen, y, size.width, out + y * size.width * texture.channels);
  });
}

}  // namespace cvfast
