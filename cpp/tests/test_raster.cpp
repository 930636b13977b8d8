#include <cmath>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "cvfast/raster.h"

namespace {

constexpr std::ptrdiff_t kWidth = 23, kHeight = 17;
constexpr cvfast::RasterSize kSize = {kWidth, kHeight};
using Numbers = std::vector<std::int32_t>;

// A sheet of 2 x 2 bent cells over the whole picture.
const std::vector<double> kSheet = {-5, -5, 1, 11.3, -6, 1,  40, -5, 1,  -5, 8.7, 1,  10.1, 9.2,
                                    1,  40, 7, 1,    -5, 40, 1,  12, 40, 1,  40,  40, 1};
const Numbers kCells = {0, 1, 4, 0, 4, 3, 1, 2, 5, 1, 5, 4, 3, 4, 7, 3, 7, 6, 4, 5, 8, 8, 7, 4};

cvfast::RasterMesh sheet() { return {kSheet.data(), 9, kCells.data(), 8}; }

Numbers drawn(const cvfast::RasterMesh& mesh, int threads, std::vector<float>* depth) {
  Numbers index(kWidth * kHeight);
  depth->resize(index.size());
  cvfast::raster_index(mesh, nullptr, kSize, index.data(), depth->data(), threads);
  return index;
}

void a_sheet_covers_each_pixel_once() {
  std::vector<int> times(kWidth * kHeight);
  std::vector<float> depth;
  for (std::size_t i = 0; i < 8; ++i) {
    const cvfast::RasterMesh one = {kSheet.data(), 9, kCells.data() + 3 * i, 1};
    const Numbers index = drawn(one, 1, &depth);
    for (std::size_t k = 0; k < index.size(); ++k) times[k] += index[k] == 0;
  }
  for (const int count : times) CHECK(count == 1);
}

void threads_do_not_matter() {
  std::vector<float> depth, again;
  const Numbers index = drawn(sheet(), 1, &depth);
  CHECK(drawn(sheet(), 5, &again) == index);
  CHECK(again == depth);
}

void values_are_linear() {
  std::vector<float> depth, values;
  for (std::size_t i = 0; i < 9; ++i) {
    values.push_back(static_cast<float>(2 * kSheet[3 * i] - kSheet[3 * i + 1]));
  }
  const Numbers index = drawn(sheet(), 1, &depth);
  std::vector<float> out(index.size());
  cvfast::raster_values(sheet(), kSize, index.data(), values.data(), 1, out.data(), 2);
  for (std::ptrdiff_t y = 0; y < kHeight; ++y) {
    for (std::ptrdiff_t x = 0; x < kWidth; ++x) {
      const float wanted = static_cast<float>(2 * x - y);
      CHECK(std::abs(out[static_cast<std::size_t>(y * kWidth + x)] - wanted) < 0.02F);
    }
  }
}

template <typename Call>
void throws(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument&) {
    return;
  }
  CHECK(false);
}

void bad_meshes_are_refused() {
  std::vector<float> depth;
  const double away[] = {0, 0, 0, 1, 0, 0, 0, 2e5, 0};
  const double nan[] = {0, 0, 0, 1, 0, 0, 0, 1, std::nan("")};
  const std::int32_t first[] = {0, 1, 2}, wrong[] = {0, 1, 3};
  throws([&] { drawn({away, 3, first, 1}, 1, &depth); });
  throws([&] { drawn({nan, 3, first, 1}, 1, &depth); });
  throws([&] { drawn({kSheet.data(), 3, wrong, 1}, 1, &depth); });
}

}  // namespace

int main() {
  a_sheet_covers_each_pixel_once();
  threads_do_not_matter();
  values_are_linear();
  bad_meshes_are_refused();
}
