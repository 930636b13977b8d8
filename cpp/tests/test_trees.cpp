// A tree of two leaves worked out by hand, a file of dlib's made by hand, and training of a stage.
#include <cstring>
#include <stdexcept>
#include <string>

#include "check.h"
#include "cvfast/trees.h"

namespace {

// One point; two pixels, at it and right of it; where the first is brighter it moves a quarter
// across, else a quarter down.
cvfast::ShapeModel one_tree() {
  cvfast::ShapeModel m;
  m.points = m.stages = m.trees = m.depth = 1;
  m.features = 2;
  m.initial = {0.5f, 0.5f};
  m.anchors = {0, 0};
  m.deltas = {0, 0, 0.25f, 0};
  m.pixels = {0, 1};
  m.thresholds = {9.5f};
  m.leaves = {0.25f, 0, 0, 0.25f};
  return m;
}

void moves_the_point() {
  std::vector<std::uint8_t> pixels(81, 100);
  const double frames[] = {0, 0, 8, 8, 0, 0, 80, 80};
  double out[4];
  const cvfast::ShapePredictor predictor(one_tree());
  for (const int level : {109, 110}) {
    pixels[4 * 9 + 4] = static_cast<std::uint8_t>(level);
    predictor.fit({pixels.data(), 9, 9, 1, 9}, frames, nullptr, 2, false, out, 1);
    const bool brighter = level == 110;
    CHECK(out[0] == (brighter ? 6 : 4));
    CHECK(out[1] == (brighter ? 4 : 6));
    CHECK(out[2] == 40);  // black outside the picture: no difference
    CHECK(out[3] == 60);
  }
}

void refuses_what_is_wrong() {
  for (int what = 0; what < 5; ++what) {
    cvfast::ShapeModel m = one_tree();
    if (what == 0) m.pixels[1] = 2;
    if (what == 1) m.anchors[0] = -1;
    if (what == 2) m.leaves[3] = 1.0f / 0.0f;
    if (what == 3) m.thresholds.push_back(0);
    if (what == 4) m.depth = 40;
    bool refused = false;
    try {
      cvfast::check_shape_model(m);
    } catch (const std::invalid_argument& error) {
      refused = std::strstr(error.what(), "expected") != nullptr;
    }
    CHECK(refused);
  }
}

struct File {
  std::vector<std::uint8_t> bytes;
  void whole(int value) {
    const int size = value < 0 ? -value : value;
    bytes.push_back(value < 0 ? 0x81 : 0x01);
    bytes.push_back(static_cast<std::uint8_t>(size));
  }
  void real(int mantissa, int exponent) {
    whole(mantissa);
    whole(exponent);
  }
};

File one_tree_file() {
  File f;
  for (const int value : {1, -2, -1}) f.whole(value);
  f.real(1, -1);
  f.real(1, -1);
  for (const int value : {1, 1, 1, 0, 1}) f.whole(value);  // a stage, a tree, a split
  f.real(19, -1);
  f.whole(2);
  for (int leaf = 0; leaf < 2; ++leaf) {
    f.whole(-2);
    f.whole(-1);
    f.real(leaf == 0 ? 1 : 0, -2);
    f.real(leaf == 1 ? 1 : 0, -2);
  }
  for (const int value : {1, 2, 0, 0, 1, 2}) f.whole(value);
  for (const int quarter : {0, 0, 1, 0}) f.real(quarter, -2);
  return f;
}

void reads_a_file() {
  const File f = one_tree_file();
  const cvfast::ShapeModel m = cvfast::read_shape_predictor(f.bytes.data(), f.bytes.size());
  const cvfast::ShapeModel expected = one_tree();
  CHECK(m.initial == expected.initial && m.anchors == expected.anchors);
  CHECK(m.deltas == expected.deltas && m.pixels == expected.pixels);
  CHECK(m.thresholds == expected.thresholds && m.leaves == expected.leaves);
}

bool refused(const std::vector<std::uint8_t>& bytes) {
  try {
    cvfast::read_shape_predictor(bytes.data(), bytes.size());
  } catch (const std::invalid_argument& error) {
    return std::strstr(error.what(), "shape_predictor, byte ") == error.what();
  }
  return false;
}

void refuses_damaged_files() {
  const std::vector<std::uint8_t> good = one_tree_file().bytes;
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
  std::vector<std::uint8_t> longer = good;
  longer.push_back(0);
  CHECK(refused(longer));
  for (std::size_t i = 0; i < good.size(); i += 2) {  // what tells a length
    std::vector<std::uint8_t> bad = good;
    bad[i] = 0x79;
    CHECK(refused(bad));
  }
  const std::vector<std::uint8_t> huge = {1, 1, 0x84, 0, 0, 0, 0x40, 0x81, 1};
  CHECK(refused(huge));
}

// Bright discs at random: the trees learn where they are, and every team of threads the same.
void learns() {
  constexpr std::ptrdiff_t side = 32, count = 200, trees = 20, depth = 3, features = 60;
  std::vector<std::uint8_t> pictures(side * side * count, 20);
  std::vector<std::int32_t> picture, anchors(features, 0);
  std::vector<double> frames;
  std::vector<float> targets, starts, deltas;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::ptrdiff_t cx = 11 + i * 7 % 10, cy = 11 + i * 3 % 11;
    for (std::ptrdiff_t y = 0; y < side; ++y) {
      for (std::ptrdiff_t x = 0; x < side; ++x) {
        const bool inside = (x - cx) * (x - cx) + (y - cy) * (y - cy) < 40;
        if (inside) pictures[static_cast<std::size_t>((i * side + y) * side + x)] = 200;
      }
    }
    picture.push_back(static_cast<std::int32_t>(i));
    for (const double edge : {0.0, 0.0, 31.0, 31.0}) frames.push_back(edge);
    targets.push_back(static_cast<float>(cx) / 31);
    targets.push_back(static_cast<float>(cy) / 31);
    starts.push_back(0.5f);
    starts.push_back(0.5f);
  }
  for (std::ptrdiff_t k = 0; k < features; ++k) {
    deltas.push_back(static_cast<float>(k * 37 % 61) / 80 - 0.38f);
    deltas.push_back(static_cast<float>(k * 23 % 59) / 80 - 0.37f);
  }
  const float initial[] = {0.5f, 0.5f};
  std::vector<float> before;
  for (const int threads : {1, 2, 3}) {
    std::vector<float> shapes = starts, thresholds(trees * 7), leaves(trees * 16);
    std::vector<std::int32_t> pixels(trees * 14);
    cvfast::train_stage(
        {pictures.data(), count, side, side, count, picture.data(), frames.data(), targets.data(),
         shapes.data()},
        {1, features, trees, depth, initial, anchors.data(), deltas.data(), 20, 0.3, 0.2, 5},
        {pixels.data(), thresholds.data(), leaves.data()}, threads);
    float first = 0, last = 0;
    for (std::size_t k = 0; k < targets.size(); ++k) {
      first += (targets[k] - starts[k]) * (targets[k] - starts[k]);
      last += (targets[k] - shapes[k]) * (targets[k] - shapes[k]);
    }
    CHECK(last < first / 8);
    CHECK(before.empty() || before == leaves);
    before = leaves;
  }
}

}  // namespace

int main() {
  moves_the_point();
  refuses_what_is_wrong();
  reads_a_file();
  refuses_damaged_files();
  learns();
}
