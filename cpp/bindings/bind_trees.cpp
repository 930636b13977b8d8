#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bind.h"
#include "cvfast/trees.h"

namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;
using Ints = py::array_t<std::int32_t, py::array::c_style>;

template <typename T>
std::vector<T> list(const py::array_t<T, py::array::c_style>& array) {
  return {array.data(), array.data() + array.size()};
}

template <typename T>
py::array_t<T> array(const std::vector<T>& values, std::vector<py::ssize_t> shape) {
  py::array_t<T> out(std::move(shape));
  std::copy(values.begin(), values.end(), out.mutable_data());
  return out;
}

std::unique_ptr<cvfast::ShapePredictor> predictor(const Floats& initial, const Ints& anchors,
                                                  const Floats& deltas, const Ints& pixels,
                                                  const Floats& thresholds, const Floats& leaves) {
  cvfast::ShapeModel m;
  m.points = initial.shape(0);
  m.stages = anchors.shape(0);
  m.features = anchors.shape(1);
  m.trees = thresholds.shape(1);
  while (m.splits() < thresholds.shape(2) && m.depth < 20) ++m.depth;
  m.initial = list(initial);
  m.anchors = list(anchors);
  m.deltas = list(deltas);
  m.pixels = list(pixels);
  m.thresholds = list(thresholds);
  m.leaves = list(leaves);
  py::gil_scoped_release release;
  return std::make_unique<cvfast::ShapePredictor>(std::move(m));
}

void fit(const cvfast::ShapePredictor& self, const py::array& image, const Doubles& frames,
         const py::object& starts, bool rounded, Doubles& out, int threads) {
  const auto view = image_view<const std::uint8_t>(image);
  const float* from = starts.is_none() ? nullptr : starts.cast<Floats>().data();
  const double* const where = frames.data();
  double* const to = out.mutable_data();
  const py::ssize_t count = frames.shape(0);
  py::gil_scoped_release release;
  self.fit(view, where, from, count, rounded, to, threads);
}

py::tuple read_shape_predictor(const py::bytes& data) {
  const auto bytes = static_cast<std::string_view>(data);
  cvfast::ShapeModel m;
  {
    py::gil_scoped_release release;
    m = cvfast::read_shape_predictor(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                     bytes.size());
  }
  const py::ssize_t splits = m.splits();
  return py::make_tuple(array(m.initial, {m.points, 2}), array(m.anchors, {m.stages, m.features}),
                        array(m.deltas, {m.stages, m.features, 2}),
                        array(m.pixels, {m.stages, m.trees, splits, 2}),
                        array(m.thresholds, {m.stages, m.trees, splits}),
                        array(m.leaves, {m.stages, m.trees, splits + 1, 2 * m.points}));
}

void train_stage(const py::array& pictures, const Ints& picture, const Doubles& frames,
                 const Floats& targets, Floats& shapes, const Floats& initial, const Ints& anchors,
                 const Floats& deltas, int candidates, double nearness, double shrinkage,
                 std::uint64_t seed, Ints& pixels, Floats& thresholds, Floats& leaves,
                 int threads) {
  const cvfast::ShapeSamples samples = {static_cast<const std::uint8_t*>(pictures.data()),
                                        pictures.shape(0),
                                        pictures.shape(1),
                                        pictures.shape(2),
                                        picture.shape(0),
                                        picture.data(),
                                        frames.data(),
                                        targets.data(),
                                        shapes.mutable_data()};
  py::ssize_t depth = 0;
  while ((py::ssize_t{1} << depth) < leaves.shape(1)) ++depth;
  const cvfast::StagePlan plan = {initial.shape(0),
                                  anchors.shape(0),
                                  leaves.shape(0),
                                  depth,
                                  initial.data(),
                                  anchors.data(),
                                  deltas.data(),
                                  candidates,
                                  nearness,
                                  shrinkage,
                                  seed};
  const cvfast::StageTrees out = {pixels.mutable_data(), thresholds.mutable_data(),
                                  leaves.mutable_data()};
  py::gil_scoped_release release;
  cvfast::train_stage(samples, plan, out, threads);
}

}  // namespace

void bind_trees(py::module_& m) {
  py::class_<cvfast::ShapePredictor>(m, "ShapePredictor")
      .def(py::init(&predictor), py::arg("initial").noconvert(), py::arg("anchors").noconvert(),
           py::arg("deltas").noconvert(), py::arg("pixels").noconvert(),
           py::arg("thresholds").noconvert(), py::arg("leaves").noconvert())
      .def("fit", &fit, py::arg("image"), py::arg("frames").noconvert(), py::arg("starts"),
           py::arg("rounded"), py::arg("out").noconvert(), py::arg("threads"));
  m.def("read_shape_predictor", &read_shape_predictor, py::arg("data"));
  m.def("train_stage", &train_stage, py::arg("pictures"), py::arg("picture").noconvert(),
        py::arg("frames").noconvert(), py::arg("targets").noconvert(),
        py::arg("shapes").noconvert(), py::arg("initial").noconvert(),
        py::arg("anchors").noconvert(), py::arg("deltas").noconvert(), py::arg("candidates"),
        py::arg("nearness"), py::arg("shrinkage"), py::arg("seed"), py::arg("pixels").noconvert(),
        py::arg("thresholds").noconvert(), py::arg("leaves").noconvert(), py::arg("threads"));
}
