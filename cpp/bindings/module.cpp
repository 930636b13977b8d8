#include <pybind11/stl.h>

#include "bind.h"
#include "cvfast/dispatch.h"
#include "cvfast/parallel.h"

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "The C++ core of cvfast. cvfast.kernels is its checked face; call that.";
  m.attr("version") = CVFAST_VERSION;
  m.attr("compiler") = CVFAST_COMPILER;
  m.attr("isa") = cvfast::isa_name(cvfast::active_isa());  // throws where CVFAST_ISA cannot run
  m.attr("openmp") = cvfast::has_openmp();
  m.def("available_isas", &cvfast::available_isas);
  m.def("num_threads", &cvfast::num_threads);
  m.def("set_num_threads", &cvfast::set_num_threads, py::arg("threads"));
  m.def("set_serial_threshold", &cvfast::set_serial_threshold, py::arg("nanoseconds"));
  bind_boost(m);
  bind_cascade(m);
  bind_crop(m);
  bind_flow(m);
  bind_iris(m);
  bind_match(m);
  bind_tps(m);
  bind_nms(m);
  bind_pca(m);
  bind_raster(m);
  bind_shape_context(m);
  bind_smooth(m);
  bind_trees(m);
  bind_warp(m);
}
