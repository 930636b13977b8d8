#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/cascade.h"
#include "cvfast/parallel.h"

namespace {

constexpr std::int32_t kSide = 12;

// One stage of one stump: is the left half of a window brighter than the right one.
struct Halves {
  float stage_threshold = 0.5F, node_threshold = 0.1F;
  std::int32_t stage_trees = 1, tree_nodes = 1, left = 0, right = -1, feature = 0;
  std::vector<std::int32_t> subset = std::vector<std::int32_t>(8);
  std::vector<float> leaves = {0, 1};
  std::vector<std::int32_t> rects = {0,         0,     kSide / 2, kSide, kSide / 2, 0,
                                     kSide / 2, kSide, 0,         0,     0,         0};
  std::vector<float> weights = {1, -1, 0};
  bool tilted = false;

  cvfast::CascadeArrays arrays() const {
    return {false,
            kSide,
            kSide,
            1,
            1,
            1,
            2,
            1,
            &stage_threshold,
            &stage_trees,
            &tree_nodes,
            &left,
            &right,
            &feature,
            &node_threshold,
            subset.data(),
            leaves.data(),
            rects.data(),
            weights.data(),
            &tilted};
  }
};

std::vector<std::uint8_t> step(std::ptrdiff_t width, std::ptrdiff_t height, std::ptrdiff_t edge) {
  std::vector<std::uint8_t> pixels;
  for (std::ptrdiff_t i = 0; i < width * height; ++i) {
    pixels.push_back(i % width < edge ? 200 : 50);
  }
  return pixels;
}

void windows_lie_round_an_edge_whatever_the_threads() {
  const cvfast::Cascade cascade(Halves{}.arrays());
  constexpr std::ptrdiff_t kWidth = 301, kHeight = 180, kEdge = 140;
  const std::vector<std::uint8_t> pixels = step(kWidth, kHeight, kEdge);
  const cvfast::ImageView<const std::uint8_t> view = {pixels.data(), kWidth, kHeight, 1, kWidth};
  const auto found = cascade.windows(view, {1.2, 0, 0, 0, 0}, 1);
  CHECK(found.size() > 100);
  for (const cvfast::CascadeWindow& w : found) {
    CHECK(w.x < kEdge && w.x + w.width > kEdge && w.sum == 1);
    CHECK(w.width >= kSide && w.height == w.width);
  }
  for (const int threads : {2, 5}) {
    const auto again = cascade.windows(view, {1.2, 0, 0, 0, 0}, threads);
    CHECK(again.size() == found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(again[i].x == found[i].x && again[i].y == found[i].y &&
            again[i].width == found[i].width);
    }
  }
}

void pictures_smaller_than_the_window_have_none() {
  const cvfast::Cascade cascade(Halves{}.arrays());
  const std::vector<std::uint8_t> pixels = step(kSide, kSide, 6);
  const auto count = [&](std::ptrdiff_t width, std::ptrdiff_t height) {
    return cascade.windows({pixels.data(), width, height, 1, kSide}, {1.1, 0, 0, 0, 0}, 1).size();
  };
  CHECK(count(kSide, kSide) == 1);
  CHECK(count(kSide - 1, kSide) == 0 && count(kSide, kSide - 1) == 0 && count(0, 0) == 0);
}

void patches_are_judged_as_windows_are() {
  const cvfast::Cascade cascade(Halves{}.arrays());
  std::vector<std::uint8_t> patches;
  for (std::ptrdiff_t edge = 0; edge < 20; ++edge) {
    const std::vector<std::uint8_t> one = step(kSide, kSide, edge);
    patches.insert(patches.end(), one.begin(), one.end());
  }
  std::vector<std::int32_t> passed(20);
  cascade.stages_passed(patches.data(), 20, passed.data(), 2);
  CHECK(passed[0] == -1 && passed[6] == 1 && passed[19] == -1);  // flat ones are not looked at
}

void wrong_numbers_are_named() {
  const auto message = [](const Halves& halves) -> std::string {
    try {
      const cvfast::Cascade cascade(halves.arrays());
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  Halves wrong;
  wrong.node_threshold = std::numeric_limits<float>::quiet_NaN();
  CHECK(message(wrong).rfind("node_threshold[0]: expected finite numbers", 0) == 0);
  wrong = {};
  wrong.rects[2] = kSide + 1;
  CHECK(message(wrong).rfind("feature_rects[0]: expected rectangles inside", 0) == 0);
  wrong = {};
  wrong.tilted = true;  // its second rectangle now reaches out of the window
  CHECK(message(wrong).rfind("feature_rects[0]", 0) == 0);
  wrong = {};
  wrong.left = 0;
  wrong.right = 1;
  CHECK(message(wrong).rfind("node_right[0]: expected a later node", 0) == 0);
  wrong = {};
  wrong.feature = 1;
  CHECK(message(wrong).rfind("node_feature[0]", 0) == 0);
  CHECK(message(Halves{}).empty());
}

void alike_boxes_are_averaged() {
  const std::vector<std::int32_t> boxes = {10, 10, 20, 20, 90, 90, 20, 20, 11, 10,
                                           20, 20, 12, 11, 21, 21, 91, 90, 20, 20};
  const auto groups = cvfast::group_rectangles(boxes.data(), 5, 1, 0.2);
  CHECK(groups.size() == 2 && groups[0].count == 3 && groups[1].count == 2);
  CHECK(groups[0].x == 11 && groups[0].y == 10 && groups[0].width == 20);
  CHECK(cvfast::group_rectangles(boxes.data(), 5, 2, 0.2).size() == 1);
  CHECK(cvfast::group_rectangles(boxes.data(), 5, 0, 0.2).size() == 5);
}

}  // namespace

int main() {
  cvfast::set_serial_threshold(0);
  windows_lie_round_an_edge_whatever_the_threads();
  pictures_smaller_than_the_window_have_none();
  patches_are_judged_as_windows_are();
  wrong_numbers_are_named();
  alike_boxes_are_averaged();
}
