#include <algorithm>
#include <memory>

#include "bind.h"
#include "cvfast/nms.h"
#include "plain.h"

namespace {

constexpr py::ssize_t kFew = 128;  // so few take microseconds: no allocation, the GIL kept

bool is_plain_boxes(py::handle value) {
  return (plain::is_array<float>(value, 2) || plain::is_array<double>(value, 2)) &&
         py::reinterpret_borrow<py::array>(value).shape(1) == 4;
}

bool is_plain_scores(py::handle value, py::ssize_t count) {
  return (plain::is_array<float>(value, 1) || plain::is_array<double>(value, 1)) &&
         py::reinterpret_borrow<py::array>(value).shape(0) == count;
}

bool are_plain(py::handle boxes, py::handle scores) {
  return is_plain_boxes(boxes) &&
         is_plain_scores(scores, py::reinterpret_borrow<py::array>(boxes).shape(0));
}

py::array array_of(py::handle value) { return py::reinterpret_borrow<py::array>(value); }

template <typename T>
py::array copied(const T* values, std::ptrdiff_t count) {
  py::array_t<T> out(count);
  std::copy(values, values + count, out.mutable_data());
  return std::move(out);
}

template <typename T>
cvfast::Boxes<T> boxes_of(const py::array& array) {
  return {static_cast<const T*>(array.data()), array.shape(0)};
}

template <typename T>
py::array iou_of(const py::array& a, const py::array& b) {
  py::array_t<T> out({a.shape(0), b.shape(0)});
  T* const to = out.mutable_data();
  const auto rows = boxes_of<T>(a), columns = boxes_of<T>(b);
  py::gil_scoped_release release;
  cvfast::iou(rows, columns, to);
  return std::move(out);
}

py::object iou(const py::object& a, const py::object& b) {
  if (!is_plain_boxes(a) || !is_plain_boxes(b)) return py::none();
  const py::array rows = array_of(a), columns = array_of(b);
  if (rows.itemsize() != columns.itemsize()) return py::none();
  return rows.itemsize() == 4 ? iou_of<float>(rows, columns) : iou_of<double>(rows, columns);
}

template <typename T, typename Score>
py::array nms_of(const py::array& boxes, const py::array& scores, const std::int64_t* classes,
                 double threshold) {
  const auto from = boxes_of<T>(boxes);
  const auto* const values = static_cast<const Score*>(scores.data());
  if (from.count <= kFew) {
    std::int64_t few[kFew];
    return copied(few, cvfast::nms(from, values, classes, threshold, few));
  }
  const std::unique_ptr<std::int64_t[]> kept(
      new std::int64_t[static_cast<std::size_t>(from.count)]);
  std::ptrdiff_t count = 0;
  {
    py::gil_scoped_release release;
    count = cvfast::nms(from, values, classes, threshold, kept.get());
  }
  return copied(kept.get(), count);
}

py::object nms(const py::object& boxes, const py::object& scores, const py::object& classes,
               const py::object& iou_threshold) {
  if (!are_plain(boxes, scores) || !PyFloat_Check(iou_threshold.ptr())) return py::none();
  const py::array from = array_of(boxes), values = array_of(scores);
  const std::int64_t* groups = nullptr;
  if (!classes.is_none()) {
    if (!plain::is_array<std::int64_t>(classes, 1)) return py::none();
    const py::array whole = array_of(classes);
    if (whole.shape(0) != from.shape(0)) return py::none();
    groups = static_cast<const std::int64_t*>(whole.data());
  }
  const double threshold = PyFloat_AS_DOUBLE(iou_threshold.ptr());
  const bool single = values.itemsize() == 4;
  if (from.itemsize() == 4) {
    return single ? nms_of<float, float>(from, values, groups, threshold)
                  : nms_of<float, double>(from, values, groups, threshold);
  }
  return single ? nms_of<double, float>(from, values, groups, threshold)
                : nms_of<double, double>(from, values, groups, threshold);
}

template <typename T, typename Score>
py::tuple soft_nms_of(const py::array& boxes, const py::array& scores,
                      const cvfast::SoftNms& options) {
  const auto from = boxes_of<T>(boxes);
  const auto* const values = static_cast<const Score*>(scores.data());
  const auto size = static_cast<std::size_t>(from.count);
  const std::unique_ptr<std::int64_t[]> kept(new std::int64_t[size]);
  const std::unique_ptr<Score[]> lowered(new Score[size]);
  std::ptrdiff_t count = 0;
  {
    py::gil_scoped_release release;
    count = cvfast::soft_nms(from, values, options, kept.get(), lowered.get());
  }
  return py::make_tuple(copied(kept.get(), count), copied(lowered.get(), count));
}

py::object soft_nms(const py::object& boxes, const py::object& scores, bool gaussian,
                    const py::object& sigma, const py::object& iou_threshold,
                    const py::object& score_threshold) {
  if (!are_plain(boxes, scores) || !PyFloat_Check(sigma.ptr()) ||
      !PyFloat_Check(iou_threshold.ptr()) || !PyFloat_Check(score_threshold.ptr())) {
    return py::none();
  }
  const cvfast::SoftNms options = {gaussian, PyFloat_AS_DOUBLE(sigma.ptr()),
                                   PyFloat_AS_DOUBLE(iou_threshold.ptr()),
                                   PyFloat_AS_DOUBLE(score_threshold.ptr())};
  const py::array from = array_of(boxes), values = array_of(scores);
  const bool single = values.itemsize() == 4;
  if (from.itemsize() == 4) {
    return single ? soft_nms_of<float, float>(from, values, options)
                  : soft_nms_of<float, double>(from, values, options);
  }
  return single ? soft_nms_of<double, float>(from, values, options)
                : soft_nms_of<double, double>(from, values, options);
}

}  // namespace

void bind_nms(py::module_& m) {
  m.def("iou", &iou, py::arg("a"), py::arg("b"));
  m.def("nms", &nms, py::arg("boxes"), py::arg("scores"), py::arg("classes"),
        py::arg("iou_threshold"));
  m.def("soft_nms", &soft_nms, py::arg("boxes"), py::arg("scores"), py::arg("gaussian"),
        py::arg("sigma"), py::arg("iou_threshold"), py::arg("score_threshold"));
}
