// Any cascade and picture: an exception, or windows of the picture and counts of stages.
#include <new>
#include <stdexcept>

#include "bytes.h"
#include "cvfast/cascade.h"

namespace {

using Ints = std::vector<std::int32_t>;
using Floats = std::vector<float>;

// A cascade that is mostly right: now and then a number is any.
struct Made {
  bool lbp;
  std::int32_t width, height;
  Floats stage_thresholds, node_threshold, leaf_values, feature_weights;
  Ints stage_trees, tree_nodes, left, right, feature, subset, rects;
  std::unique_ptr<bool[]> tilted;
  std::ptrdiff_t features;

  explicit Made(Bytes& bytes) : lbp(bytes.flag()) {
    width = side(bytes);
    height = side(bytes);
    features = bytes.below(6);
    tilted = std::make_unique<bool[]>(static_cast<std::size_t>(features) + 1);
    for (std::ptrdiff_t f = 0; f < features; ++f) make_feature(bytes, f);
    const std::ptrdiff_t stages = bytes.below(4);
    for (std::ptrdiff_t s = 0; s < stages; ++s) {
      stage_trees.push_back(count(bytes, 1 + bytes.below(3)));
      stage_thresholds.push_back(value(bytes));
      for (std::int32_t t = 0; t < stage_trees.back() && t < 4; ++t) make_tree(bytes);
    }
  }

  cvfast::CascadeArrays arrays() const {
    const auto size = [](const auto& v) { return static_cast<std::ptrdiff_t>(v.size()); };
    return {lbp,
            width,
            height,
            size(stage_trees),
            size(tree_nodes),
            size(left),
            size(leaf_values),
            features,
            stage_thresholds.data(),
            stage_trees.data(),
            tree_nodes.data(),
            left.data(),
            right.data(),
            feature.data(),
            node_threshold.data(),
            subset.data(),
            leaf_values.data(),
            rects.data(),
            feature_weights.data(),
            tilted.get()};
  }

 private:
  static std::int32_t side(Bytes& bytes) {
    return static_cast<std::int32_t>(bytes.below(64) == 63 ? bytes.below(3) : 3 + bytes.below(9));
  }
  // `usual`, or rarely any small number.
  static std::int32_t count(Bytes& bytes, std::ptrdiff_t usual) {
    return static_cast<std::int32_t>(bytes.byte() >= 250 ? bytes.below(16) - 8 : usual);
  }
  static float value(Bytes& bytes) { return static_cast<float>(bytes.number() / 256); }

  void make_feature(Bytes& bytes, std::ptrdiff_t f) {
    tilted[static_cast<std::size_t>(f)] = bytes.flag();
    for (int r = 0; r < (lbp ? 1 : 3); ++r) {
      for (int i = 0; i < 4; ++i) {
        rects.push_back(count(bytes, bytes.below(i < 2 ? 4 : 3)));
      }
    }
    for (int r = 0; r < 3; ++r) feature_weights.push_back(value(bytes));
  }

  void make_tree(Bytes& bytes) {
    const std::int32_t nodes = count(bytes, 1 + bytes.below(3));
    tree_nodes.push_back(nodes);
    for (std::int32_t k = 0; k < nodes; ++k) {
      const bool deeper = k + 1 < nodes && bytes.flag();
      left.push_back(count(bytes, deeper ? k + 1 : -k));
      right.push_back(count(bytes, -(k + 1)));
      feature.push_back(count(bytes, features > 0 ? bytes.below(6) % features : 0));
      node_threshold.push_back(value(bytes));
      for (int i = 0; i < 8; ++i)
        subset.push_back(static_cast<std::int32_t>(bytes.byte() * 0x01010101U));
      leaf_values.push_back(value(bytes));
    }
    leaf_values.push_back(value(bytes));
  }
};

void run(Bytes bytes) {
  const Made made(bytes);
  const cvfast::Cascade cascade(made.arrays());
  const Pixels<std::uint8_t> picture(bytes.below(70), bytes.below(60), 1, 70 + bytes.below(9),
                                     bytes.flag());
  for (std::size_t i = 0; i < picture.count; ++i) {
    if (i % 7 == 0) picture.memory[i] = bytes.byte();
  }
  const cvfast::WindowSearch search = {
      1.05 + bytes.number() / 256, static_cast<std::int32_t>(bytes.below(20)),
      static_cast<std::int32_t>(bytes.below(20)), static_cast<std::int32_t>(bytes.below(40)),
      static_cast<std::int32_t>(bytes.below(40))};
  const auto found = cascade.windows(
      {picture.first(), picture.width, picture.height, 1, picture.stride}, search, 1);
  std::vector<std::int32_t> boxes;
  for (const cvfast::CascadeWindow& w : found) {
    MUST(w.x >= 0 && w.x < picture.width && w.y >= 0 && w.y < picture.height);
    MUST(w.width <= picture.width && w.height <= picture.height && std::isfinite(w.sum));
    for (const std::int32_t v : {w.x, w.y, w.width, w.height}) boxes.push_back(v);
  }
  const auto count = static_cast<std::ptrdiff_t>(found.size());
  MUST(cvfast::group_rectangles(boxes.data(), count, 1, 0.2).size() <= found.size());
  const std::ptrdiff_t patches = bytes.below(20);
  std::vector<std::uint8_t> pixels(
      static_cast<std::size_t>(patches * cascade.width() * cascade.height()));
  for (std::uint8_t& pixel : pixels) pixel = bytes.byte();
  std::vector<std::int32_t> passed(static_cast<std::size_t>(patches));
  cascade.stages_passed(pixels.data(), patches, passed.data(), 1);
  for (const std::int32_t stages : passed) MUST(stages >= -1 && stages <= cascade.stages());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    run(Bytes(data, size));
  } catch (const std::invalid_argument&) {
  } catch (const std::bad_alloc&) {
  }
  return 0;
}
