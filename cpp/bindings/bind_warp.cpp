#include "bind.h"
#include "cvfast/warp.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;

void local_warp(int kind, const py::array& image, py::array& out, const Doubles& centers,
                const Doubles& radii, const Doubles& parameters, int threads) {
  const cvfast::LocalWarps warps = {static_cast<cvfast::LocalWarp>(kind), centers.data(),
                                    radii.data(), parameters.data(), radii.shape(0)};
  if (image.itemsize() == 1) {
    const auto from = image_view<const std::uint8_t>(image);
    const auto to = image_view<std::uint8_t>(out);
    py::gil_scoped_release release;
    cvfast::local_warp(from, to, warps, threads);
  } else {
    const auto from = image_view<const float>(image);
    const auto to = image_view<float>(out);
    py::gil_scoped_release release;
    cvfast::local_warp(from, to, warps, threads);
  }
}

}  // namespace

void bind_warp(py::module_& m) {
  m.def("local_warp", &local_warp, py::arg("kind"), py::arg("image"), py::arg("out"),
        py::arg("centers").noconvert(), py::arg("radii").noconvert(),
        py::arg("parameters").noconvert(), py::arg("threads"));
}
