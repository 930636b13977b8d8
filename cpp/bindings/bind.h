// What the binding files share: one bind_<family>() each, and NumPy arrays as views.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>

#include "cvfast/image_view.h"

namespace py = pybind11;

void bind_boost(py::module_& m);
void bind_cascade(py::module_& m);
void bind_crop(py::module_& m);
void bind_flow(py::module_& m);
void bind_iris(py::module_& m);
void bind_match(py::module_& m);
void bind_tps(py::module_& m);
void bind_nms(py::module_& m);
void bind_pca(py::module_& m);
void bind_raster(py::module_& m);
void bind_shape_context(py::module_& m);
void bind_smooth(py::module_& m);
void bind_trees(py::module_& m);
void bind_warp(py::module_& m);

// kernels/ has checked type, shape and layout: H x W or H x W x C, pixels packed within a row.
template <typename T, typename Array>
cvfast::ImageView<T> image_view(const Array& array) {
  const py::ssize_t size = static_cast<py::ssize_t>(sizeof(T));
  return {reinterpret_cast<T*>(const_cast<void*>(array.data())), array.shape(1), array.shape(0),
          array.ndim() == 3 ? array.shape(2) : 1, array.strides(0) / size};
}
