#include <memory>

#include "bind.h"
#include "cvfast/cascade.h"

namespace {

template <typename T>
using Packed = py::array_t<T, py::array::c_style>;

std::unique_ptr<cvfast::Cascade> make(
    bool lbp, int width, int height, const Packed<float>& stage_thresholds,
    const Packed<std::int32_t>& stage_trees, const Packed<std::int32_t>& tree_nodes,
    const Packed<std::int32_t>& node_left, const Packed<std::int32_t>& node_right,
    const Packed<std::int32_t>& node_feature, const Packed<float>& node_threshold,
    const Packed<std::int32_t>& node_subset, const Packed<float>& leaf_values,
    const Packed<std::int32_t>& feature_rects, const Packed<float>& feature_weights,
    const Packed<bool>& feature_tilted) {
  const cvfast::CascadeArrays arrays = {lbp,
                                        width,
                                        height,
                                        stage_trees.shape(0),
                                        tree_nodes.shape(0),
                                        node_left.shape(0),
                                        leaf_values.shape(0),
                                        feature_rects.shape(0),
                                        stage_thresholds.data(),
                                        stage_trees.data(),
                                        tree_nodes.data(),
                                        node_left.data(),
                                        node_right.data(),
                                        node_feature.data(),
                                        node_threshold.data(),
                                        node_subset.data(),
                                        leaf_values.data(),
                                        feature_rects.data(),
                                        feature_weights.data(),
                                        feature_tilted.data()};
  py::gil_scoped_release release;
  return std::make_unique<cvfast::Cascade>(arrays);
}

py::tuple windows(const cvfast::Cascade& cascade, const py::array& grey, double scale_factor,
                  int min_width, int min_height, int max_width, int max_height, int threads) {
  const auto view = image_view<const std::uint8_t>(grey);
  std::vector<cvfast::CascadeWindow> found;
  {
    py::gil_scoped_release release;
    found = cascade.windows(view, {scale_factor, min_width, min_height, max_width, max_height},
                            threads);
  }
  const auto count = static_cast<py::ssize_t>(found.size());
  Packed<std::int32_t> boxes({count, py::ssize_t{4}});
  Packed<double> sums(count);
  auto box = boxes.mutable_unchecked<2>();
  for (py::ssize_t i = 0; i < count; ++i) {
    const cvfast::CascadeWindow& w = found[static_cast<std::size_t>(i)];
    box(i, 0) = w.x, box(i, 1) = w.y, box(i, 2) = w.width, box(i, 3) = w.height;
    sums.mutable_at(i) = w.sum;
  }
  return py::make_tuple(boxes, sums);
}

void stages_passed(const cvfast::Cascade& cascade, const Packed<std::uint8_t>& patches,
                   Packed<std::int32_t>& passed, int threads) {
  const std::uint8_t* const from = patches.data();
  std::int32_t* const to = passed.mutable_data();
  const py::ssize_t count = patches.shape(0);
  py::gil_scoped_release release;
  cascade.stages_passed(from, count, to, threads);
}

py::tuple group_rectangles(const Packed<std::int32_t>& boxes, int min_neighbors, double eps) {
  const std::int32_t* const from = boxes.data();
  const py::ssize_t total = boxes.shape(0);
  std::vector<cvfast::BoxGroup> groups;
  {
    py::gil_scoped_release release;
    groups = cvfast::group_rectangles(from, total, min_neighbors, eps);
  }
  const auto count = static_cast<py::ssize_t>(groups.size());
  Packed<std::int32_t> means({count, py::ssize_t{4}}), counts(count);
  auto mean = means.mutable_unchecked<2>();
  for (py::ssize_t i = 0; i < count; ++i) {
    const cvfast::BoxGroup& g = groups[static_cast<std::size_t>(i)];
    mean(i, 0) = g.x, mean(i, 1) = g.y, mean(i, 2) = g.width, mean(i, 3) = g.height;
    counts.mutable_at(i) = g.count;
  }
  return py::make_tuple(means, counts);
}

}  // namespace

void bind_cascade(py::module_& m) {
  py::class_<cvfast::Cascade>(m, "Cascade")
      .def(py::init(&make), py::arg("lbp"), py::arg("width"), py::arg("height"),
           py::arg("stage_thresholds").noconvert(), py::arg("stage_trees").noconvert(),
           py::arg("tree_nodes").noconvert(), py::arg("node_left").noconvert(),
           py::arg("node_right").noconvert(), py::arg("node_feature").noconvert(),
           py::arg("node_threshold").noconvert(), py::arg("node_subset").noconvert(),
           py::arg("leaf_values").noconvert(), py::arg("feature_rects").noconvert(),
           py::arg("feature_weights").noconvert(), py::arg("feature_tilted").noconvert())
      .def("windows", &windows, py::arg("grey"), py::arg("scale_factor"), py::arg("min_width"),
           py::arg("min_height"), py::arg("max_width"), py::arg("max_height"), py::arg("threads"))
      .def("stages_passed", &stages_passed, py::arg("patches").noconvert(),
           py::arg("passed").noconvert(), py::arg("threads"));
  m.def("group_rectangles", &group_rectangles, py::arg("boxes").noconvert(),
        py::arg("min_neighbors"), py::arg("eps"));
}
