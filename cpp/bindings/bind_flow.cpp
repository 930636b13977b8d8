#include <memory>

#include "bind.h"
#include "cvfast/flow.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;

void track_points(const cvfast::FlowPyramid& previous, const cvfast::FlowPyramid& current,
                  const Doubles& points, const Doubles& guesses, int iterations, Doubles& moved,
                  Floats& errors, Floats& trips, int threads) {
  const double* const from = points.data();
  const double* const near = guesses.data();
  const cvfast::FlowResult result = {moved.mutable_data(), errors.mutable_data(),
                                     trips.mutable_data()};
  const py::ssize_t count = points.shape(0);
  py::gil_scoped_release release;
  cvfast::track_points(previous, current, from, near, count, iterations, result, threads);
}

}  // namespace

void bind_flow(py::module_& m) {
  py::class_<cvfast::FlowPyramid>(m, "FlowPyramid")
      .def(py::init([](const py::array& luma, int finest, int levels) {
             const auto view = image_view<const std::uint8_t>(luma);
             py::gil_scoped_release release;
             return std::make_unique<cvfast::FlowPyramid>(view, finest, levels);
           }),
           py::arg("luma"), py::arg("finest"), py::arg("levels"))
      .def_property_readonly("width", &cvfast::FlowPyramid::width)
      .def_property_readonly("height", &cvfast::FlowPyramid::height)
      .def_property_readonly("finest", &cvfast::FlowPyramid::finest)
      .def_property_readonly("levels",
                             [](const cvfast::FlowPyramid& p) { return p.levels().size(); });
  m.def("track_points", &track_points, py::arg("previous"), py::arg("current"),
        py::arg("points").noconvert(), py::arg("guesses").noconvert(), py::arg("iterations"),
        py::arg("moved").noconvert(), py::arg("errors").noconvert(), py::arg("trips").noconvert(),
        py::arg("threads"));
}
