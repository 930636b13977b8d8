#include "bind.h"
#include "cvfast/shape_context.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;
using Bytes = py::array_t<std::uint8_t, py::array::c_style>;
using Indices = py::array_t<std::int64_t, py::array::c_style>;

double mean_distance(const Doubles& points, const Bytes& counts, int threads) {
  const double* const from = points.data();
  const std::uint8_t* const counted = counts.size() == 0 ? nullptr : counts.data();
  const py::ssize_t count = points.shape(0);
  py::gil_scoped_release release;
  return cvfast::mean_distance(from, count, counted, threads);
}

void shape_contexts(const Doubles& points, const Bytes& counts, double unit, int angles, int radii,
                    double inner, double outer, Floats& out, int threads) {
  const double* const from = points.data();
  const std::uint8_t* const counted = counts.size() == 0 ? nullptr : counts.data();
  float* const to = out.mutable_data();
  const py::ssize_t count = points.shape(0);
  py::gil_scoped_release release;
  cvfast::shape_contexts(from, count, counted, unit, {angles, radii, inner, outer}, to, threads);
}

void chi_square_costs(const Floats& a, const Floats& b, Floats& out, int threads) {
  const float *const rows = a.data(), *const columns = b.data();
  float* const to = out.mutable_data();
  const py::ssize_t m = a.shape(0), n = b.shape(0), bins = a.shape(1);
  py::gil_scoped_release release;
  cvfast::chi_square_costs(rows, m, columns, n, bins, to, threads);
}

void assign(const Doubles& costs, Indices& matches) {
  const double* const from = costs.data();
  std::int64_t* const to = matches.mutable_data();
  const py::ssize_t rows = costs.shape(0), columns = costs.shape(1);
  py::gil_scoped_release release;
  cvfast::assign(from, rows, columns, to);
}

void match_shapes(const Doubles& source, const Doubles& source_tangents, const Bytes& source_known,
                  const Doubles& target, const Doubles& target_tangents, const Bytes& target_known,
                  int iterations, double stiffness, double tangents, double spare, double unmatched,
                  Indices& matches, Doubles& costs) {
  const cvfast::ShapeOutline from = {source.data(), source_tangents.data(), source_known.data(),
                                     source.shape(0)};
  const cvfast::ShapeOutline to = {target.data(), target_tangents.data(), target_known.data(),
                                   target.shape(0)};
  const cvfast::ShapeMatchOptions options = {iterations, stiffness, tangents, spare, unmatched};
  std::int64_t* const found = matches.mutable_data();
  double* const paid = costs.mutable_data();
  py::gil_scoped_release release;
  cvfast::match_shapes(from, to, options, found, paid);
}

void solve(const Doubles& matrix, Doubles& right) {
  const double* const a = matrix.data();
  double* const b = right.mutable_data();
  const py::ssize_t n = matrix.shape(0), columns = right.shape(1);
  py::gil_scoped_release release;
  cvfast::solve(a, b, n, columns);
}

}  // namespace

void bind_shape_context(py::module_& m) {
  m.def("mean_distance", &mean_distance, py::arg("points").noconvert(),
        py::arg("counts").noconvert(), py::arg("threads"));
  m.def("shape_contexts", &shape_contexts, py::arg("points").noconvert(),
        py::arg("counts").noconvert(), py::arg("unit"), py::arg("angles"), py::arg("radii"),
        py::arg("inner"), py::arg("outer"), py::arg("out").noconvert(), py::arg("threads"));
  m.def("chi_square_costs", &chi_square_costs, py::arg("a").noconvert(), py::arg("b").noconvert(),
        py::arg("out").noconvert(), py::arg("threads"));
  m.def("assign", &assign, py::arg("costs").noconvert(), py::arg("matches").noconvert());
  m.def("match_shapes", &match_shapes, py::arg("source").noconvert(),
        py::arg("source_tangents").noconvert(), py::arg("source_known").noconvert(),
        py::arg("target").noconvert(), py::arg("target_tangents").noconvert(),
        py::arg("target_known").noconvert(), py::arg("iterations"), py::arg("stiffness"),
        py::arg("tangents"), py::arg("spare"), py::arg("unmatched"), py::arg("matches").noconvert(),
        py::arg("costs").noconvert());
  m.def("solve", &solve, py::arg("matrix").noconvert(), py::arg("right").noconvert());
}
