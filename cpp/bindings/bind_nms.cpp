#include <pybind11/stl.h>

#include <memory>
#include <optional>

#include "bind.h"
#include "cvfast/nms.h"

namespace {

constexpr py::ssize_t kFew = 128;  // so few take microseconds: no allocation, the GIL kept

// kernels/ has checked type, shape and layout of all arrays.
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

py::array iou(const py::array& a, const py::array& b) {
  return a.itemsize() == 4 ? iou_of<float>(a, b) : iou_of<double>(a, b);
}

template <typename T, typename Score>
py::array nms_of(const py::array& boxes, const py::array& scores, const std::int64_t* classes,
                 double threshold) {
  const auto from = boxes_of<T>(boxes);
  const auto* const values = static_cast<const Score*>(scores.data());
  if (from.count <= kFew) {
    std::int64_t few[kFew];
    return py::array_t<std::int64_t>(cvfast::nms(from, values, classes, threshold, few), few);
  }
  const std::unique_ptr<std::int64_t[]> kept(
      new std::int64_t[static_cast<std::size_t>(from.count)]);
  std::ptrdiff_t count = 0;
  {
    py::gil_scoped_release release;
    count = cvfast::nms(from, values, classes, threshold, kept.get());
  }
  return py::array_t<std::int64_t>(count, kept.get());
}

py::array nms(const py::array& boxes, const py::array& scores,
              const std::optional<py::array>& classes, double iou_threshold) {
  const auto* const groups = classes ? static_cast<const std::int64_t*>(classes->data()) : nullptr;
  const bool single = scores.itemsize() == 4;
  if (boxes.itemsize() == 4) {
    return single ? nms_of<float, float>(boxes, scores, groups, iou_threshold)
                  : nms_of<float, double>(boxes, scores, groups, iou_threshold);
  }
  return single ? nms_of<double, float>(boxes, scores, groups, iou_threshold)
                : nms_of<double, double>(boxes, scores, groups, iou_threshold);
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
  return py::make_tuple(py::array_t<std::int64_t>(count, kept.get()),
                        py::array_t<Score>(count, lowered.get()));
}

py::tuple soft_nms(const py::array& boxes, const py::array& scores, bool gaussian, double sigma,
                   double iou_threshold, double score_threshold) {
  const cvfast::SoftNms options = {gaussian, sigma, iou_threshold, score_threshold};
  const bool single = scores.itemsize() == 4;
  if (boxes.itemsize() == 4) {
    return single ? soft_nms_of<float, float>(boxes, scores, options)
                  : soft_nms_of<float, double>(boxes, scores, options);
  }
  return single ? soft_nms_of<double, float>(boxes, scores, options)
                : soft_nms_of<double, double>(boxes, scores, options);
}

}  // namespace

void bind_nms(py::module_& m) {
  m.def("iou", &iou, py::arg("a"), py::arg("b"));
  m.def("nms", &nms, py::arg("boxes"), py::arg("scores"), py::arg("classes"),
        py::arg("iou_threshold"));
  m.def("soft_nms", &soft_nms, py::arg("boxes"), py::arg("scores"), py::arg("gaussian"),
        py::arg("sigma"), py::arg("iou_threshold"), py::arg("score_threshold"));
}
