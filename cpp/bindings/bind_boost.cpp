#include <memory>

#include "bind.h"
#include "cvfast/boost.h"

namespace {

using Bytes = py::array_t<std::uint8_t, py::array::c_style>;
using Ints = py::array_t<std::int32_t, py::array::c_style>;
using Longs = py::array_t<std::int64_t, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;
using Flags = py::array_t<bool, py::array::c_style>;

// patches (N, h, w); rects (F, 3 or 1, 4); weights None: LBP.
std::unique_ptr<cvfast::FeatureBank> make_bank(const Bytes& patches, const Ints& rects,
                                               const py::object& weights, const py::object& tilted,
                                               py::ssize_t memory, int threads) {
  const cvfast::Patches from = {patches.data(), patches.shape(0), patches.shape(2),
                                patches.shape(1)};
  const bool lbp = weights.is_none();
  const cvfast::RectFeatures features = {
      rects.data(), lbp ? nullptr : weights.cast<Floats>().data(),
      lbp ? nullptr : tilted.cast<Flags>().data(), rects.shape(0)};
  py::gil_scoped_release release;
  return std::make_unique<cvfast::FeatureBank>(from, features, memory, threads);
}

void values(const cvfast::FeatureBank& bank, const Longs& features, Floats& out, int threads) {
  const std::int64_t* const chosen = features.data();
  const py::ssize_t count = features.shape(0);
  float* const to = out.mutable_data();
  py::gil_scoped_release release;
  bank.values(chosen, count, to, threads);
}

py::tuple best(const cvfast::FeatureBank& bank, const Ints& signs, const py::object& weights,
               int threads) {
  const std::int32_t* const labels = signs.data();
  const std::int32_t* const shares = weights.is_none() ? nullptr : weights.cast<Ints>().data();
  cvfast::BestFeature found;
  {
    py::gil_scoped_release release;
    found = bank.best(labels, shares, threads);
  }
  return py::make_tuple(found.feature, found.gain);
}

}  // namespace

void bind_boost(py::module_& m) {
  py::class_<cvfast::FeatureBank>(m, "FeatureBank")
      .def(py::init(&make_bank), py::arg("patches").noconvert(), py::arg("rects").noconvert(),
           py::arg("weights"), py::arg("tilted"), py::arg("memory"), py::arg("threads"))
      .def_property_readonly("kept", &cvfast::FeatureBank::kept)
      .def("values", &values, py::arg("features").noconvert(), py::arg("out").noconvert(),
           py::arg("threads"))
      .def("best", &best, py::arg("signs").noconvert(), py::arg("weights"), py::arg("threads"));
}
