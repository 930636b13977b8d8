#include "bind.h"
#include "cvfast/mask.h"
#include "cvfast/smooth.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Counts = py::array_t<std::int64_t, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;

void smooth(const py::array& plane, const Floats& weights, py::ssize_t cell_x, py::ssize_t cell_y,
            py::ssize_t radius, double epsilon, double strength, double texture, int threads) {
  const cvfast::Smoothing smoothing = {cell_x, cell_y, radius, epsilon, strength, texture};
  const float* from = weights.data();
  if (plane.itemsize() == 1) {
    const auto view = image_view<std::uint8_t>(plane);
    py::gil_scoped_release release;
    cvfast::smooth(view, from, smoothing, threads);
  } else {
    const auto view = image_view<float>(plane);
    py::gil_scoped_release release;
    cvfast::smooth(view, from, smoothing, threads);
  }
}

void cell_means(const py::array& plane, py::ssize_t cell_x, py::ssize_t cell_y, Floats& out) {
  float* to = out.mutable_data();
  if (plane.itemsize() == 1) {
    const auto view = image_view<const std::uint8_t>(plane);
    py::gil_scoped_release release;
    cvfast::cell_means(view, cell_x, cell_y, to);
  } else {
    const auto view = image_view<const float>(plane);
    py::gil_scoped_release release;
    cvfast::cell_means(view, cell_x, cell_y, to);
  }
}

void polygon_mask(const Doubles& points, const Counts& counts, double feather, Floats& out) {
  static_assert(sizeof(std::int64_t) == sizeof(std::ptrdiff_t), "a 64-bit core");
  const cvfast::Polygons polygons = {
      points.data(), reinterpret_cast<const std::ptrdiff_t*>(counts.data()), counts.shape(0)};
  const cvfast::ImageView<float> to = {out.mutable_data(), out.shape(1), out.shape(0), 1,
                                       out.shape(1)};
  py::gil_scoped_release release;
  cvfast::polygon_mask(polygons, feather, to);
}

}  // namespace

void bind_smooth(py::module_& m) {
  m.def("smooth", &smooth, py::arg("plane"), py::arg("weights").noconvert(), py::arg("cell_x"),
        py::arg("cell_y"), py::arg("radius"), py::arg("epsilon"), py::arg("strength"),
        py::arg("texture"), py::arg("threads"));
  m.def("cell_means", &cell_means, py::arg("plane"), py::arg("cell_x"), py::arg("cell_y"),
        py::arg("out").noconvert());
  m.def("polygon_mask", &polygon_mask, py::arg("points").noconvert(), py::arg("counts").noconvert(),
        py::arg("feather"), py::arg("out").noconvert());
}
