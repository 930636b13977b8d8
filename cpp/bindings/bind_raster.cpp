#include "bind.h"
#include "cvfast/raster.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Numbers = py::array_t<std::int32_t, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;
using Bytes = py::array_t<std::uint8_t, py::array::c_style>;

cvfast::RasterMesh mesh_of(const Doubles& vertices, const Numbers& triangles) {
  return {vertices.data(), vertices.shape(0), triangles.data(), triangles.shape(0)};
}

cvfast::Texture texture_of(const Bytes& texture) {
  return {texture.data(), texture.shape(1), texture.shape(0), texture.shape(2)};
}

void raster_index(const Doubles& vertices, const Numbers& triangles, Numbers& index, Floats& depth,
                  int threads) {
  const cvfast::RasterMesh mesh = mesh_of(vertices, triangles);
  const cvfast::RasterSize size = {index.shape(1), index.shape(0)};
  std::int32_t* numbers = index.mutable_data();
  float* depths = depth.mutable_data();
  py::gil_scoped_release release;
  cvfast::raster_index(mesh, nullptr, size, numbers, depths, threads);
}

void raster_cutout(const Doubles& vertices, const Numbers& triangles, const Floats& places,
                   const Bytes& texture, py::ssize_t first, Numbers& index, Floats& depth,
                   int threads) {
  const cvfast::RasterMesh mesh = mesh_of(vertices, triangles);
  const cvfast::RasterCutout cutout = {places.data(), texture_of(texture), first};
  const cvfast::RasterSize size = {index.shape(1), index.shape(0)};
  std::int32_t* numbers = index.mutable_data();
  float* depths = depth.mutable_data();
  py::gil_scoped_release release;
  cvfast::raster_index(mesh, &cutout, size, numbers, depths, threads);
}

void raster_shade(const Doubles& vertices, const Numbers& triangles, const Numbers& index,
                  const Floats& values, const Bytes& texture, const Bytes& parts, Floats& color,
                  Bytes& part, int threads) {
  const cvfast::RasterMesh mesh = mesh_of(vertices, triangles);
  const cvfast::RasterSize size = {index.shape(1), index.shape(0)};
  const cvfast::Texture from = texture_of(texture);
  const std::int32_t* numbers = index.data();
  const float* at = values.data();
  const std::uint8_t* known = parts.data();
  float* colors = color.mutable_data();
  std::uint8_t* to = part.mutable_data();
  py::gil_scoped_release release;
  cvfast::raster_shade(mesh, size, numbers, at, from, known, colors, to, threads);
}

void raster_values(const Doubles& vertices, const Numbers& triangles, const Numbers& index,
                   const Floats& values, Floats& out, int threads) {
  const cvfast::RasterMesh mesh = mesh_of(vertices, triangles);
  const cvfast::RasterSize size = {index.shape(1), index.shape(0)};
  const std::int32_t* numbers = index.data();
  const float* from = values.data();
  const py::ssize_t channels = values.shape(1);
  float* to = out.mutable_data();
  py::gil_scoped_release release;
  cvfast::raster_values(mesh, size, numbers, from, channels, to, threads);
}

void sample_texture(const Bytes& texture, const Floats& places, Floats& out, int threads) {
  const cvfast::Texture from = texture_of(texture);
  const float* at = places.data();
  const py::ssize_t count = places.shape(0);
  float* to = out.mutable_data();
  py::gil_scoped_release release;
  cvfast::sample_texture(from, at, count, to, threads);
}

void sample_grid(const Bytes& texture, const Floats& nodes, const Doubles& matrix,
                 py::ssize_t colors, py::ssize_t finer, Floats& out, int threads) {
  const cvfast::Texture from = texture_of(texture);
  const cvfast::TextureGrid grid = {nodes.data(), nodes.shape(0) - 1};
  const cvfast::RasterSize size = {out.shape(1), out.shape(0)};
  const double* to = matrix.data();
  float* pixels = out.mutable_data();
  py::gil_scoped_release release;
  cvfast::sample_grid(from, grid, to, colors, finer, size, pixels, threads);
}

}  // namespace

void bind_raster(py::module_& m) {
  m.def("raster_index", &raster_index, py::arg("vertices").noconvert(),
        py::arg("triangles").noconvert(), py::arg("index").noconvert(),
        py::arg("depth").noconvert(), py::arg("threads"));
  m.def("raster_cutout", &raster_cutout, py::arg("vertices").noconvert(),
        py::arg("triangles").noconvert(), py::arg("places").noconvert(),
        py::arg("texture").noconvert(), py::arg("first"), py::arg("index").noconvert(),
        py::arg("depth").noconvert(), py::arg("threads"));
  m.def("raster_shade", &raster_shade, py::arg("vertices").noconvert(),
        py::arg("triangles").noconvert(), py::arg("index").noconvert(),
        py::arg("values").noconvert(), py::arg("texture").noconvert(), py::arg("parts").noconvert(),
        py::arg("color").noconvert(), py::arg("part").noconvert(), py::arg("threads"));
  m.def("raster_values", &raster_values, py::arg("vertices").noconvert(),
        py::arg("triangles").noconvert(), py::arg("index").noconvert(),
        py::arg("values").noconvert(), py::arg("out").noconvert(), py::arg("threads"));
  m.def("sample_texture", &sample_texture, py::arg("texture").noconvert(),
        py::arg("places").noconvert(), py::arg("out").noconvert(), py::arg("threads"));
  m.def("sample_grid", &sample_grid, py::arg("texture").noconvert(), py::arg("nodes").noconvert(),
        py::arg("matrix").noconvert(), py::arg("colors"), py::arg("finer"),
        py::arg("out").noconvert(), py::arg("threads"));
}
