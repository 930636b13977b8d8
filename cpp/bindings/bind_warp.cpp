#include "bind.h"
#include "cvfast/warp.h"
#include "plain.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;

void run(const cvfast::LocalWarps& warps, const py::array& image, const py::array& out,
         int threads) {
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

void local_warp(int kind, const py::array& image, py::array& out, const Doubles& centers,
                const Doubles& radii, const Doubles& parameters, int threads) {
  run({static_cast<cvfast::LocalWarp>(kind), centers.data(), radii.data(), parameters.data(),
       radii.shape(0)},
      image, out, threads);
}

// The public call with its arguments as they came; None where they are not plain.
py::object plain_local_warp(int kind, py::handle image, py::handle centers, py::handle radii,
                            py::handle parameters, py::handle threads, py::handle out) {
  if (!py::isinstance<py::array>(image)) return py::none();
  const auto from = py::reinterpret_borrow<py::array>(image);
  plain::Numbers c, r, p;
  int count = 0;
  const auto warp = static_cast<cvfast::LocalWarp>(kind);
  if (!plain::is_image(from) || !plain::take_threads(threads, count) || !c.take(centers, 2) ||
      !r.take(radii, 0) || !p.take(parameters, warp == cvfast::LocalWarp::translate ? 2 : 0) ||
      c.rows == 0 || r.rows != c.rows || p.rows != c.rows) {
    return py::none();
  }
  py::array to;
  if (out.is(image) && plain::is_target(from)) {
    to = from;
  } else if (out.is_none()) {
    to = py::array(from.dtype(),
                   py::array::ShapeContainer(from.shape(), from.shape() + from.ndim()));
  } else {
    return py::none();
  }
  run({warp, c.data, r.data, p.data, c.rows}, from, to, count);
  return to;
}

}  // namespace

void bind_warp(py::module_& m) {
  m.def("local_warp", &local_warp, py::arg("kind"), py::arg("image"), py::arg("out"),
        py::arg("centers").noconvert(), py::arg("radii").noconvert(),
        py::arg("parameters").noconvert(), py::arg("threads"));
  m.def("plain_local_warp", &plain_local_warp);
}
