#include "cascade_model.h"

#include <cmath>
#include <string>

#include "check.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

constexpr std::int32_t kLeastSide = 3, kMostSide = 1024;
constexpr float kThresholdSlack = 1e-5F;  // OpenCV's

void expect(bool right, const char* name, ptrdiff_t index, const std::string& expected,
            double got) {
  if (!right) reject(name, index, expected, got);
}

void check_finite_floats(const char* name, const float* values, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; ++i) {
    expect(std::isfinite(values[i]), name, i, "finite numbers", static_cast<double>(values[i]));
  }
}

void rectangle_corners(const std::int32_t* rect, const IntegralLayout& layout, bool tilted,
                       std::int32_t* out) {
  const ptrdiff_t x = rect[0], y = rect[1], w = rect[2], h = rect[3];
  const ptrdiff_t places[4] = {
      layout.at(x, y), tilted ? layout.at(x - h, y + h) : layout.at(x + w, y),
      tilted ? layout.at(x + w, y + w) : layout.at(x, y + h),
      tilted ? layout.at(x + w - h, y + w + h) : layout.at(x + w, y + h)};
  for (int i = 0; i < 4; ++i) {
    out[i] = static_cast<std::int32_t>(places[i] + (tilted ? layout.tilted : 0));
  }
}

void cell_corners(const std::int32_t* rect, const IntegralLayout& layout, std::int32_t* out) {
  for (ptrdiff_t j = 0; j < 4; ++j) {
    for (ptrdiff_t i = 0; i < 4; ++i) {
      const ptrdiff_t place = layout.at(rect[0] + i * rect[2], rect[1] + j * rect[3]);
      out[4 * j + i] = static_cast<std::int32_t>(place);
    }
  }
}

}  // namespace

CascadeModel::CascadeModel(const CascadeArrays& arrays)
    : width_(arrays.width), height_(arrays.height), lbp_(arrays.lbp) {
  check_counts(arrays);
  take_features(arrays);
  take_nodes(arrays);
  take_stages(arrays);
}

void CascadeModel::check_counts(const CascadeArrays& a) const {
  for (const std::int32_t side : {width_, height_}) {
    expect(side >= kLeastSide && side <= kMostSide, "size", side == width_ ? 0 : 1,
           "3 to 1024 pixels", side);
  }
  expect(a.stages > 0, "stage_trees", 0, "at least one stage", 0);
  expect(a.features > 0, "feature_rects", 0, "at least one feature", 0);
  ptrdiff_t trees = 0, nodes = 0;
  for (ptrdiff_t s = 0; s < a.stages; ++s) {
    expect(a.stage_trees[s] > 0 && a.stage_trees[s] <= a.trees - trees, "stage_trees", s,
           "1 tree or more, in all as many as tree_nodes has", a.stage_trees[s]);
    trees += a.stage_trees[s];
  }
  expect(trees == a.trees, "stage_trees", a.stages - 1, "in all as many as tree_nodes has",
         static_cast<double>(trees));
  for (ptrdiff_t t = 0; t < a.trees; ++t) {
    expect(a.tree_nodes[t] > 0 && a.tree_nodes[t] <= kMostTreeNodes &&
               a.tree_nodes[t] <= a.nodes - nodes,
           "tree_nodes", t, "1 to 256 nodes, in all as many as node_left has", a.tree_nodes[t]);
    nodes += a.tree_nodes[t];
  }
  expect(nodes == a.nodes, "tree_nodes", a.trees - 1, "in all as many as node_left has",
         static_cast<double>(nodes));
  expect(a.leaves == a.nodes + a.trees, "leaf_values", 0, "one more a tree than it has nodes",
         static_cast<double>(a.leaves));
}

void CascadeModel::take_features(const CascadeArrays& a) {
  features_.resize(static_cast<std::size_t>(a.features));
  const int rects = lbp_ ? 1 : 3;
  for (ptrdiff_t f = 0; f < a.features; ++f) {
    Feature& feature = features_[static_cast<std::size_t>(f)];
    feature = {};
    feature.tilted = !lbp_ && a.feature_tilted[f];
    any_tilted_ = any_tilted_ || feature.tilted;
    for (int r = 0; r < rects; ++r) {
      const std::int32_t* const rect = a.feature_rects + (f * rects + r) * 4;
      for (int i = 0; i < 4; ++i) {
        expect(rect[i] >= 0 && rect[i] <= kMostSide, "feature_rects", f, "numbers of 0 to 1024",
               rect[i]);
        feature.rects[r][i] = rect[i];
      }
      const std::int32_t x = rect[0], y = rect[1], w = rect[2], h = rect[3];
      const std::int32_t right = x + (lbp_ ? 3 * w : w);
      const std::int32_t bottom = y + (lbp_ ? 3 * h : feature.tilted ? w + h : h);
      expect(right <= width_ && bottom <= height_ && (!feature.tilted || x >= h), "feature_rects",
             f, "rectangles inside the window", right > width_ ? right : bottom);
      if (lbp_) continue;
      feature.weights[r] = a.feature_weights[3 * f + r];
      expect(std::isfinite(feature.weights[r]), "feature_weights", f, "finite numbers",
             static_cast<double>(feature.weights[r]));
    }
  }
}

void CascadeModel::take_nodes(const CascadeArrays& a) {
  check_finite_floats("leaf_values", a.leaf_values, a.leaves);
  if (!lbp_) check_finite_floats("node_threshold", a.node_threshold, a.nodes);
  nodes_.resize(static_cast<std::size_t>(a.nodes));
  node_features_.assign(a.node_feature, a.node_feature + a.nodes);
  const float* leaf = a.leaf_values;
  ptrdiff_t n = 0;
  for (ptrdiff_t t = 0; t < a.trees; ++t) {
    const std::int32_t count = a.tree_nodes[t];
    for (std::int32_t k = 0; k < count; ++k, ++n) {
      expect(a.node_feature[n] >= 0 && a.node_feature[n] < a.features, "node_feature", n,
             "a feature's number", a.node_feature[n]);
      CascadeNode& node = nodes_[static_cast<std::size_t>(n)];
      node = {};
      node.tree_nodes = count;
      node.left = a.node_left[n];
      node.right = a.node_right[n];
      for (const std::int32_t child : {node.left, node.right}) {
        expect(child >= -count && child < count && (child <= 0 || child > k),
               child == node.left ? "node_left" : "node_right", n,
               "a later node of the tree, or minus a leaf", child);
      }
      if (node.left <= 0) node.left_value = static_cast<double>(leaf[-node.left]);
      if (node.right <= 0) node.right_value = static_cast<double>(leaf[-node.right]);
      if (!lbp_) node.threshold = a.node_threshold[n];
      for (int i = 0; i < 8 && lbp_; ++i) node.subset[i] = a.node_subset[8 * n + i];
    }
    leaf += count + 1;
  }
}

void CascadeModel::take_stages(const CascadeArrays& a) {
  check_finite_floats("stage_thresholds", a.stage_thresholds, a.stages);
  ptrdiff_t tree = 0, node = 0;
  for (ptrdiff_t s = 0; s < a.stages; ++s) {
    const float threshold = a.stage_thresholds[s] - kThresholdSlack;
    CascadeStage stage = {static_cast<double>(threshold), nullptr, a.stage_trees[s], true};
    first_nodes_.push_back(node);
    for (std::int32_t t = 0; t < stage.trees; ++t, ++tree) {
      stage.stumps = stage.stumps && a.tree_nodes[tree] == 1;
      node += a.tree_nodes[tree];
    }
    stages_.push_back(stage);
  }
}

CascadeLaidOut::CascadeLaidOut(const CascadeModel& model, const IntegralLayout& layout)
    : nodes_(model.nodes_), stages_(model.stages_), plan_{} {
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const CascadeModel::Feature& feature =
        model.features_[static_cast<std::size_t>(model.node_features_[n])];
    CascadeNode& node = nodes_[n];
    if (model.lbp_) {
      cell_corners(feature.rects[0], layout, node.corners);
      continue;
    }
    for (int r = 0; r < 3; ++r) {
      rectangle_corners(feature.rects[r], layout, feature.tilted, node.corners + 4 * r);
      node.weights[r] = feature.weights[r];
    }
  }
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    stages_[s].nodes = nodes_.data() + model.first_nodes_[s];
  }
  const std::int32_t inner[4] = {1, 1, model.width_ - 2, model.height_ - 2};
  rectangle_corners(inner, layout, false, plan_.sums);
  for (int i = 0; i < 4; ++i) {
    plan_.squares[i] = plan_.sums[i] + static_cast<std::int32_t>(layout.squares);
  }
  plan_.area = static_cast<double>(inner[2]) * inner[3];
  plan_.stages = stages_.data();
  plan_.stage_count = model.stages();
  plan_.lbp = model.lbp_;
}

}  // namespace cvfast
