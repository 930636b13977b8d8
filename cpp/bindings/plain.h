// Whether arguments need no conversion: then a binding can run a kernel at once, in a microsecond.
// All others go back to Python, whose checks convert them or say what is wrong.
#pragma once

#include "bind.h"

namespace plain {

using Api = py::detail::npy_api;

inline bool has_flags(const py::array& array, int flags) {
  return (array.flags() & flags) == flags;
}

inline bool is_native(const py::dtype& dtype, int number) {
  return dtype.num() == number && dtype.byteorder() != '>' && dtype.byteorder() != '<';
}

// An array that the core can read as it lies: of T, packed, aligned.
template <typename T>
bool is_array(py::handle value, py::ssize_t dimensions) {
  if (!py::isinstance<py::array>(value)) return false;
  const auto array = py::reinterpret_borrow<py::array>(value);
  if (array.ndim() != dimensions ||
      !has_flags(array, Api::NPY_ARRAY_ALIGNED_ | py::array::c_style)) {
    return false;
  }
  const py::dtype got = array.dtype(), wanted = py::dtype::of<T>();
  return got.is(wanted) || got.equal(wanted);
}

// uint8 or float32, no side of 0, pixels packed within each row.
inline bool is_image(const py::array& array) {
  const py::dtype dtype = array.dtype();
  if (!is_native(dtype, Api::NPY_UBYTE_) && !is_native(dtype, Api::NPY_FLOAT_)) return false;
  constexpr py::ssize_t longest = 65535;
  const py::ssize_t dimensions = array.ndim(), item = array.itemsize();
  if (dimensions != 2 && dimensions != 3) return false;
  const py::ssize_t height = array.shape(0), width = array.shape(1);
  const py::ssize_t channels = dimensions == 3 ? array.shape(2) : 1;
  if (height < 1 || height > longest || width < 1 || width > longest) return false;
  if (channels < 1 || channels > 4 || !has_flags(array, Api::NPY_ARRAY_ALIGNED_)) return false;
  return array.strides(dimensions - 1) == item && array.strides(1) == channels * item &&
         array.strides(0) % item == 0;
}

// Whether an image may be written to.
inline bool is_target(const py::array& image) {
  const py::ssize_t row = image.shape(1) * image.strides(1), stride = image.strides(0);
  return image.writeable() && (image.shape(0) == 1 || (stride < 0 ? -stride : stride) >= row);
}

// `rows` numbers, or rows of `columns` numbers (0: plain numbers): a float64 array, or a short one
// of float32 or int64, or a short list or tuple of ints and floats.
class Numbers {
 public:
  const double* data = nullptr;
  py::ssize_t rows = 0;

  bool take(py::handle values, py::ssize_t columns) {
    if (py::isinstance<py::array>(values)) {
      return take_array(py::reinterpret_borrow<py::array>(values), columns);
    }
    data = few_;
    rows = length(values);
    if (columns == 0) return rows <= kFew && copy(values, rows, few_);
    if (rows * columns > kFew) return false;
    for (py::ssize_t i = 0; i < rows; ++i) {
      const auto row = item(values, i);
      if (length(row) != columns || !copy(row, columns, few_ + i * columns)) return false;
    }
    return true;
  }

 private:
  static constexpr py::ssize_t kFew = 64;

  bool take_array(const py::array& array, py::ssize_t columns) {
    const py::dtype dtype = array.dtype();
    if (array.ndim() != (columns == 0 ? 1 : 2) || (columns != 0 && array.shape(1) != columns) ||
        !has_flags(array, Api::NPY_ARRAY_ALIGNED_ | py::array::c_style)) {
      return false;
    }
    rows = array.shape(0);
    data = static_cast<const double*>(array.data());
    if (is_native(dtype, Api::NPY_DOUBLE_)) return true;
    data = few_;
    if (array.size() > kFew) return false;
    if (is_native(dtype, Api::NPY_FLOAT_)) return convert<float>(array);
    return dtype.kind() == 'i' && dtype.itemsize() == 8 && is_native(dtype, dtype.num()) &&
           convert<std::int64_t>(array);
  }
  template <typename T>
  bool convert(const py::array& array) {
    const auto* from = static_cast<const T*>(array.data());
    for (py::ssize_t i = 0; i < array.size(); ++i) few_[i] = static_cast<double>(from[i]);
    return true;
  }

  static py::ssize_t length(py::handle values) {  // over kFew for what is no list and no tuple
    const bool listed = PyList_CheckExact(values.ptr()) || PyTuple_CheckExact(values.ptr());
    return listed ? Py_SIZE(values.ptr()) : kFew + 1;
  }
  static py::object item(py::handle values, py::ssize_t i) {
    auto owned = py::reinterpret_steal<py::object>(PySequence_GetItem(values.ptr(), i));
    if (!owned) throw py::error_already_set();
    return owned;
  }
  static bool copy(py::handle values, py::ssize_t count, double* out) {
    for (py::ssize_t i = 0; i < count; ++i) {
      const auto number = item(values, i);
      if (PyFloat_Check(number.ptr())) {
        out[i] = PyFloat_AS_DOUBLE(number.ptr());
      } else if (PyLong_CheckExact(number.ptr())) {  // not bool
        int overflow = 0;
        out[i] = static_cast<double>(PyLong_AsLongLongAndOverflow(number.ptr(), &overflow));
        if (overflow != 0) return false;
      } else {
        return false;
      }
    }
    return true;
  }

  double few_[kFew];
};

// None or a positive int, as the core takes it.
inline bool take_threads(py::handle threads, int& count) {
  count = 0;
  if (threads.is_none()) return true;
  if (!PyLong_CheckExact(threads.ptr())) return false;
  int overflow = 0;
  const long value = PyLong_AsLongAndOverflow(threads.ptr(), &overflow);
  if (overflow != 0 || value < 1 || value > 1024) return false;
  count = static_cast<int>(value);
  return true;
}

}  // namespace plain
