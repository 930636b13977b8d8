#include <string>

#include "bind.h"
#include "cvfast/pca.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;

// kernels/ has checked type, shape and layout: two-dimensional, rows packed.
template <typename T>
cvfast::Samples<T> samples(const py::array& x) {
  return {static_cast<const T*>(x.data()), x.shape(0), x.shape(1),
          x.strides(0) / static_cast<py::ssize_t>(sizeof(T))};
}

// A fitted PCA's arrays can be assigned, also while another thread uses them: lengths that have to
// agree are compared here, where nothing can come between.
void expect_length(const char* what, py::ssize_t expected, py::ssize_t got) {
  if (expected == got) return;
  throw py::value_error(std::string(what) + ": expected length " + std::to_string(expected) +
                        ", got " + std::to_string(got));
}

Doubles column_means(const py::array& x, int threads) {
  Doubles mean(x.shape(1));
  double* to = mean.mutable_data();
  const bool bytes = x.itemsize() == 1;
  const auto u8 = samples<std::uint8_t>(x);
  const auto f32 = samples<float>(x);
  py::gil_scoped_release release;
  bytes ? cvfast::column_means(u8, to, threads) : cvfast::column_means(f32, to, threads);
  return mean;
}

Doubles scatter(const py::array& x, const Doubles& mean, bool by_samples, int threads) {
  expect_length("mean", x.shape(1), mean.size());
  const py::ssize_t side = x.shape(by_samples ? 0 : 1);
  Doubles out({side, side});
  double* to = out.mutable_data();
  const double* means = mean.data();
  const auto which = by_samples ? cvfast::ScatterSide::samples : cvfast::ScatterSide::columns;
  const bool bytes = x.itemsize() == 1;
  const auto u8 = samples<std::uint8_t>(x);
  const auto f32 = samples<float>(x);
  py::gil_scoped_release release;
  bytes ? cvfast::scatter(u8, means, which, to, threads)
        : cvfast::scatter(f32, means, which, to, threads);
  return out;
}

Floats combine(const Floats& weights, const py::array& x, const Doubles& mean, int threads) {
  expect_length("rows of weights", x.shape(0), weights.shape(1));
  expect_length("mean", x.shape(1), mean.size());
  Floats out({weights.shape(0), x.shape(1)});
  float* to = out.mutable_data();
  const double* means = mean.data();
  const auto left = samples<float>(weights);
  const bool bytes = x.itemsize() == 1;
  const auto u8 = samples<std::uint8_t>(x);
  const auto f32 = samples<float>(x);
  py::gil_scoped_release release;
  bytes ? cvfast::combine(left, u8, means, to, threads)
        : cvfast::combine(left, f32, means, to, threads);
  return out;
}

template <typename T>
py::array_t<T> reconstruct(const py::array& scores, const Floats& components, const Doubles& mean,
                           int threads) {
  expect_length("rows of X", components.shape(0), scores.shape(1));
  expect_length("mean_", components.shape(1), mean.size());
  py::array_t<T> out({scores.shape(0), components.shape(1)});
  T* to = out.mutable_data();
  const double* means = mean.data();
  const auto left = samples<float>(scores), right = samples<float>(components);
  py::gil_scoped_release release;
  cvfast::reconstruct(left, right, means, to, threads);
  return out;
}

Floats transform(const cvfast::Projection& projection, const py::array& x, int threads) {
  expect_length("rows of X", static_cast<py::ssize_t>(projection.columns()), x.shape(1));
  Floats out({x.shape(0), static_cast<py::ssize_t>(projection.components())});
  float* to = out.mutable_data();
  const bool bytes = x.itemsize() == 1;
  const auto u8 = samples<std::uint8_t>(x);
  const auto f32 = samples<float>(x);
  py::gil_scoped_release release;
  bytes ? projection.transform(u8, to, threads) : projection.transform(f32, to, threads);
  return out;
}

py::tuple transform_short(const cvfast::ShortProjection& projection, const py::array& x) {
  expect_length("rows of X", static_cast<py::ssize_t>(projection.columns()), x.shape(1));
  expect_length("X", 1, x.shape(0));
  Floats out(static_cast<py::ssize_t>(projection.components()));
  float* to = out.mutable_data();
  const bool bytes = x.itemsize() == 1;
  const auto u8 = samples<std::uint8_t>(x);
  const auto f32 = samples<float>(x);
  double off = 0;
  {
    py::gil_scoped_release release;
    off = bytes ? projection.transform(u8, to) : projection.transform(f32, to);
  }
  return py::make_tuple(out, off);
}

}  // namespace

void bind_pca(py::module_& m) {
  m.def("pca_column_means", &column_means, py::arg("x"), py::arg("threads"));
  m.def("pca_scatter", &scatter, py::arg("x"), py::arg("mean").noconvert(), py::arg("by_samples"),
        py::arg("threads"));
  m.def("pca_combine", &combine, py::arg("weights").noconvert(), py::arg("x"),
        py::arg("mean").noconvert(), py::arg("threads"));
  m.def("pca_reconstruct_f32", &reconstruct<float>, py::arg("scores"),
        py::arg("components").noconvert(), py::arg("mean").noconvert(), py::arg("threads"));
  m.def("pca_reconstruct_u8", &reconstruct<std::uint8_t>, py::arg("scores"),
        py::arg("components").noconvert(), py::arg("mean").noconvert(), py::arg("threads"));
  py::class_<cvfast::Projection>(m, "Projection")
      .def(py::init([](const Floats& components, const Doubles& mean) {
             expect_length("mean_", components.shape(1), mean.size());
             const auto rows = samples<float>(components);
             const double* means = mean.data();
             py::gil_scoped_release release;
             return std::make_unique<cvfast::Projection>(rows, means);
           }),
           py::arg("components").noconvert(), py::arg("mean").noconvert())
      .def("transform", &transform, py::arg("x"), py::arg("threads"));
  py::class_<cvfast::ShortProjection>(m, "ShortProjection")
      .def(py::init([](const Floats& components, const Doubles& mean) {
             expect_length("mean_", components.shape(1), mean.size());
             const auto rows = samples<float>(components);
             const double* means = mean.data();
             py::gil_scoped_release release;
             return std::make_unique<cvfast::ShortProjection>(rows, means);
           }),
           py::arg("components").noconvert(), py::arg("mean").noconvert())
      .def("transform", &transform_short, py::arg("x"));
}
