#include <pybind11/stl.h>

#include <array>
#include <utility>
#include <vector>

#include "bind.h"
#include "cvfast/crop.h"

namespace {

// A picture's samples, kept alive, and the crops read from them.
class CropSource {
 public:
  using Place = std::array<double, 6>;

  // grids: arrays that lie on one grid, and where it lies. kernels/crop.py has checked them.
  CropSource(std::vector<std::pair<std::vector<py::array>, Place>> grids, py::ssize_t width,
             py::ssize_t height, int bits, const std::array<float, 9>& to_rgb,
             const std::array<float, 3>& black)
      : picture_{width, height, {}, static_cast<int>(grids.size()), bits, {}, {}} {
    std::copy(to_rgb.begin(), to_rgb.end(), picture_.to_rgb);
    std::copy(black.begin(), black.end(), picture_.black);
    for (std::size_t g = 0; g < grids.size(); ++g) {
      cvfast::SampleGrid& grid = picture_.grids[g];
      const py::array& first = grids[g].first.front();
      const py::ssize_t item = first.itemsize();
      grid = {{nullptr, nullptr},
              item == 1   ? cvfast::SampleType::u8
              : item == 2 ? cvfast::SampleType::u16
                          : cvfast::SampleType::f32,
              first.shape(1),
              first.shape(0),
              first.ndim() == 3 ? first.shape(2) : 1,
              {0, 0},
              {}};
      std::copy(grids[g].second.begin(), grids[g].second.end(), grid.place);
      for (std::size_t a = 0; a < grids[g].first.size(); ++a) {
        grid.data[a] = grids[g].first[a].data();
        grid.row_stride[a] = grids[g].first[a].strides(0) / item;
        arrays_.push_back(grids[g].first[a]);
      }
    }
  }

  // out: (height, width, 3), packed; uint8 RGB, or float32 RGB * scale + shift.
  void read(const std::array<double, 6>& matrix, py::array& out, int fill, float scale, float shift,
            int threads) const {
    cvfast::CropView view = {{}, out.shape(1), out.shape(0), fill};
    std::copy(matrix.begin(), matrix.end(), view.matrix);
    void* to = out.mutable_data();
    const bool bytes = out.itemsize() == 1;
    py::gil_scoped_release release;
    if (bytes) {
      cvfast::read_crop(picture_, view, static_cast<std::uint8_t*>(to), threads);
    } else {
      cvfast::read_crop(picture_, view, scale, shift, static_cast<float*>(to), threads);
    }
  }

 private:
  cvfast::CropPicture picture_;
  std::vector<py::array> arrays_;
};

}  // namespace

void bind_crop(py::module_& m) {
  py::class_<CropSource>(m, "CropSource")
      .def(py::init<std::vector<std::pair<std::vector<py::array>, CropSource::Place>>, py::ssize_t,
                    py::ssize_t, int, const std::array<float, 9>&, const std::array<float, 3>&>(),
           py::arg("grids"), py::arg("width"), py::arg("height"), py::arg("bits"),
           py::arg("to_rgb"), py::arg("black"))
      .def("read", &CropSource::read, py::arg("matrix"), py::arg("out"), py::arg("fill"),
           py::arg("scale"), py::arg("shift"), py::arg("threads"));
}
