#include "bind.h"
#include "cvfast/match.h"

namespace {

using Bytes = py::array_t<std::uint8_t, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;

void match_template(const py::array& image, const py::array& pattern, const py::object& mask,
                    Floats& scores, int threads) {
  const auto picture = image_view<const std::uint8_t>(image);
  const auto part = image_view<const std::uint8_t>(pattern);
  const Bytes kept = mask.is_none() ? Bytes() : py::cast<Bytes>(mask);
  const std::uint8_t* const counts = mask.is_none() ? nullptr : kept.data();
  float* const out = scores.mutable_data();
  py::gil_scoped_release release;
  cvfast::match_template(picture, part, counts, out, threads);
}

}  // namespace

void bind_match(py::module_& m) {
  m.attr("largest_template") = cvfast::kLargestTemplate;
  m.def("match_template", &match_template, py::arg("image"), py::arg("template"), py::arg("mask"),
        py::arg("scores").noconvert(), py::arg("threads"));
}
