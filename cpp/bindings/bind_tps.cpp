#include "bind.h"
#include "cvfast/tps.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;

// coefficients: count rows of weights, then three of the affine part.
cvfast::ThinPlateSpline spline(const Doubles& centers, const Doubles& coefficients, double origin_x,
                               double origin_y, double scale) {
  const py::ssize_t count = centers.shape(0);
  return {centers.data(), coefficients.data(),  coefficients.data() + 2 * count,
          count,          {origin_x, origin_y}, scale};
}

void transform(const Doubles& centers, const Doubles& coefficients, double origin_x,
               double origin_y, double scale, const Doubles& points, Doubles& out, int threads) {
  const auto view = spline(centers, coefficients, origin_x, origin_y, scale);
  const double* from = points.data();
  double* to = out.mutable_data();
  const py::ssize_t count = points.shape(0);
  py::gil_scoped_release release;
  cvfast::tps_transform(view, from, count, to, threads);
}

void displacement(const Doubles& centers, const Doubles& coefficients, double origin_x,
                  double origin_y, double scale, Floats& out, py::ssize_t step, int threads) {
  const auto view = spline(centers, coefficients, origin_x, origin_y, scale);
  float* to = out.mutable_data();
  const py::ssize_t height = out.shape(0), width = out.shape(1);
  py::gil_scoped_release release;
  cvfast::tps_displacement(view, to, width, height, step, threads);
}

void warp(const Doubles& centers, const Doubles& coefficients, double origin_x, double origin_y,
          double scale, const py::array& image, py::array& out, bool exact, int threads) {
  const auto view = spline(centers, coefficients, origin_x, origin_y, scale);
  if (image.itemsize() == 1) {
    const auto from = image_view<const std::uint8_t>(image);
    const auto to = image_view<std::uint8_t>(out);
    py::gil_scoped_release release;
    cvfast::tps_warp(view, from, to, exact, threads);
  } else {
    const auto from = image_view<const float>(image);
    const auto to = image_view<float>(out);
    py::gil_scoped_release release;
    cvfast::tps_warp(view, from, to, exact, threads);
  }
}

}  // namespace

void bind_tps(py::module_& m) {
  m.def("tps_transform", &transform, py::arg("centers").noconvert(),
        py::arg("coefficients").noconvert(), py::arg("origin_x"), py::arg("origin_y"),
        py::arg("scale"), py::arg("points").noconvert(), py::arg("out").noconvert(),
        py::arg("threads"));
  m.def("tps_displacement", &displacement, py::arg("centers").noconvert(),
        py::arg("coefficients").noconvert(), py::arg("origin_x"), py::arg("origin_y"),
        py::arg("scale"), py::arg("out").noconvert(), py::arg("step"), py::arg("threads"));
  m.def("tps_warp", &warp, py::arg("centers").noconvert(), py::arg("coefficients").noconvert(),
        py::arg("origin_x"), py::arg("origin_y"), py::arg("scale"), py::arg("image"),
        py::arg("out"), py::arg("exact"), py::arg("threads"));
}
