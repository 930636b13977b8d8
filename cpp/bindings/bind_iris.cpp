#include <pybind11/stl.h>

#include <array>

#include "bind.h"
#include "cvfast/iris.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Place = std::array<double, 6>;  // scale, offset (x, y each), zero, levels

template <typename T, typename Array>
cvfast::SamplePlane<T> plane(const Array& array, const Place& place) {
  const auto size = static_cast<py::ssize_t>(sizeof(T));
  return {reinterpret_cast<T*>(const_cast<void*>(array.data())),
          array.shape(1),
          array.shape(0),
          array.strides(0) / size,
          array.strides(1) / size,
          place[0],
          place[1],
          place[2],
          place[3],
          place[4],
          place[5]};
}

// The ten numbers of kernels/iris.py: center, axes, corner, along.
cvfast::EyeShape shape(const Doubles& eye, const Doubles& lids) {
  const double* e = eye.data();
  return {{e[0], e[1]}, {e[2], e[3], e[4], e[5]}, {e[6], e[7]}, {e[8], e[9]}, lids.data(),
          lids.shape(1)};
}

template <typename T>
py::tuple rings(const py::array& samples, const Place& place, const Doubles& eye,
                const Doubles& lids, const Doubles& rays, const Doubles& distances) {
  const cvfast::IrisRings where = {rays.data(), rays.shape(1), distances.data(),
                                   distances.shape(0)};
  py::array_t<float> read({where.angles, where.count});
  py::array_t<bool> seen({where.angles, where.count});
  float* values = read.mutable_data();
  auto* flags = reinterpret_cast<std::uint8_t*>(seen.mutable_data());
  const auto from = plane<const T>(samples, place);
  const auto outline = shape(eye, lids);
  {
    py::gil_scoped_release release;
    cvfast::iris_rings<T>(from, outline, where, values, flags);
  }
  return py::make_tuple(read, seen);
}

template <typename T>
py::ssize_t paint(const py::array& luma, const Place& luma_place, const py::array& blue,
                  const py::array& red, const Place& chroma_place, const Doubles& eye,
                  const Doubles& lids, const std::array<double, 12>& n) {
  const cvfast::IrisPaint colors = {n[0],         n[1], n[2], n[3],  {n[4], n[5]},
                                    {n[6], n[7]}, n[8], n[9], n[10], n[11]};
  const auto from = plane<const T>(luma, luma_place);
  const auto first = plane<T>(blue, chroma_place), second = plane<T>(red, chroma_place);
  const auto outline = shape(eye, lids);
  py::gil_scoped_release release;
  return cvfast::iris_paint<T>(from, first, second, outline, colors);
}

py::tuple iris_rings(const py::array& plane, const Place& place, const Doubles& eye,
                     const Doubles& lids, const Doubles& rays, const Doubles& distances) {
  const auto run = plane.itemsize() == 1   ? &rings<std::uint8_t>
                   : plane.itemsize() == 2 ? &rings<std::uint16_t>
                                           : &rings<float>;
  return run(plane, place, eye, lids, rays, distances);
}

std::array<double, 3> iris_rim(const py::array_t<float, py::array::c_style>& luma,
                               const py::array_t<bool, py::array::c_style>& seen,
                               const Doubles& rays, const Doubles& distances) {
  const cvfast::IrisRings where = {rays.data(), rays.shape(1), distances.data(),
                                   distances.shape(0)};
  const float* values = luma.data();
  const auto* flags = reinterpret_cast<const std::uint8_t*>(seen.data());
  std::array<double, 3> offsets;
  py::gil_scoped_release release;
  cvfast::iris_rim(values, flags, where, offsets.data());
  return offsets;
}

py::ssize_t iris_paint(const py::array& luma, const Place& luma_place, const py::array& blue,
                       const py::array& red, const Place& chroma_place, const Doubles& eye,
                       const Doubles& lids, const std::array<double, 12>& numbers) {
  const auto run = luma.itemsize() == 1   ? &paint<std::uint8_t>
                   : luma.itemsize() == 2 ? &paint<std::uint16_t>
                                          : &paint<float>;
  return run(luma, luma_place, blue, red, chroma_place, eye, lids, numbers);
}

}  // namespace

void bind_iris(py::module_& m) {
  m.def("iris_rings", &iris_rings, py::arg("plane"), py::arg("place"), py::arg("eye").noconvert(),
        py::arg("lids").noconvert(), py::arg("rays").noconvert(), py::arg("distances").noconvert());
  m.def("iris_rim", &iris_rim, py::arg("luma").noconvert(), py::arg("seen").noconvert(),
        py::arg("rays").noconvert(), py::arg("distances").noconvert());
  m.def("iris_paint", &iris_paint, py::arg("luma"), py::arg("luma_place"), py::arg("blue"),
        py::arg("red"), py::arg("chroma_place"), py::arg("eye").noconvert(),
        py::arg("lids").noconvert(), py::arg("numbers"));
}
