#include "cvfast/trees.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "check.h"
#include "cvfast/parallel.h"
#include "trees_walk.h"

namespace cvfast {

namespace {

constexpr std::ptrdiff_t kMostPoints = 4096, kMostFeatures = 65536, kMostDepth = 12;
constexpr double kNanosecondsAFeature = 6, kNanosecondsATree = 12, kNanosecondsANumber = 0.4;

void expect_range(const char* name, std::ptrdiff_t got, std::ptrdiff_t most) {
  if (got >= 1 && got <= most) return;
  throw std::invalid_argument(std::string(name) + ": expected 1 to " + std::to_string(most) +
                              ", got " + std::to_string(got));
}

void expect_length(const char* name, std::size_t got, std::ptrdiff_t expected) {
  if (got == static_cast<std::size_t>(expected)) return;
  throw std::invalid_argument(std::string(name) + ": expected " + std::to_string(expected) +
                              " numbers, got " + std::to_string(got));
}

void expect_finite(const char* name, const std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    reject(name, static_cast<std::ptrdiff_t>(i), "finite numbers", static_cast<double>(values[i]));
  }
}

void expect_below(const char* name, const std::vector<std::int32_t>& values, std::ptrdiff_t count) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] >= 0 && values[i] < count) continue;
    reject(name, static_cast<std::ptrdiff_t>(i), "0 to " + std::to_string(count - 1),
           static_cast<double>(values[i]));
  }
}

// Adds each tree's leaf to the shape, in their order.
void add_leaves(const ShapeModel& m, const PackedSplit* packed, std::ptrdiff_t stage,
                const std::uint8_t* levels, std::int32_t* leaves, float* shape) {
  const std::ptrdiff_t splits = m.splits(), length = 2 * m.points;
  const std::ptrdiff_t first = stage * m.trees;
  for (std::ptrdiff_t t = 0; t < m.trees; ++t) {
    leaves[t] = leaf_of(levels, packed + (first + t) * splits, m.depth);
  }
  for (std::ptrdiff_t t = 0; t < m.trees; ++t) {
    const float* leaf = m.leaves.data() + ((first + t) * (splits + 1) + leaves[t]) * length;
    for (std::ptrdiff_t k = 0; k < length; ++k) shape[k] += leaf[k];
  }
}

}  // namespace

void check_shape_model(const ShapeModel& m) {
  expect_range("points", m.points, kMostPoints);
  expect_range("stages", m.stages, 1 << 16);
  expect_range("features", m.features, kMostFeatures);
  expect_range("trees", m.trees, 1 << 20);
  expect_range("depth", m.depth, kMostDepth);
  const std::ptrdiff_t trees = m.stages * m.trees;
  expect_length("initial", m.initial.size(), 2 * m.points);
  expect_length("anchors", m.anchors.size(), m.stages * m.features);
  expect_length("deltas", m.deltas.size(), 2 * m.stages * m.features);
  expect_length("pixels", m.pixels.size(), 2 * trees * m.splits());
  expect_length("thresholds", m.thresholds.size(), trees * m.splits());
  expect_length("leaves", m.leaves.size(), 2 * trees * (m.splits() + 1) * m.points);
  expect_finite("initial", m.initial);
  expect_finite("deltas", m.deltas);
  expect_finite("thresholds", m.thresholds);
  expect_finite("leaves", m.leaves);
  expect_below("anchors", m.anchors, m.points);
  expect_below("pixels", m.pixels, m.features);
}

ShapePredictor::ShapePredictor(ShapeModel model) : model_(std::move(model)) {
  check_shape_model(model_);
  for (std::size_t i = 0; i < model_.thresholds.size(); ++i) {
    splits_.push_back(packed_split(model_.pixels.data() + 2 * i, model_.thresholds[i]));
  }
}

ShapePredictor::~ShapePredictor() = default;

void ShapePredictor::fit(ImageView<const std::uint8_t> image, const double* frames,
                         const float* starts, std::ptrdiff_t count, bool rounded, double* out,
                         int threads) const {
  const ShapeModel& m = model_;
  check_finite("frames", frames, count, 4);
  const std::ptrdiff_t length = 2 * m.points;
  const double stage_work =
      kNanosecondsAFeature * static_cast<double>(m.features) +
      static_cast<double>(m.trees) *
          (kNanosecondsATree + kNanosecondsANumber * static_cast<double>(length));
  const double work = static_cast<double>(count * m.stages) * stage_work;
  const int team = static_cast<int>(std::min<std::ptrdiff_t>(threads_for(threads, work), count));
  std::vector<float> shapes(static_cast<std::size_t>(team * length));
  std::vector<std::uint8_t> levels(static_cast<std::size_t>(team * m.features));
  std::vector<std::int32_t> leaves(static_cast<std::size_t>(team * m.trees));
  by_runs(count, team, [&](std::ptrdiff_t i, std::ptrdiff_t member) {
    float* const shape = shapes.data() + member * length;
    std::uint8_t* const seen = levels.data() + member * m.features;
    const float* start = starts != nullptr ? starts + i * length : m.initial.data();
    std::copy(start, start + length, shape);
    const double* frame = frames + 4 * i;
    for (std::ptrdiff_t s = 0; s < m.stages; ++s) {
      read_levels(image, frame, m.initial.data(), shape, m.points,
                  m.anchors.data() + s * m.features, m.deltas.data() + 2 * s * m.features,
                  m.features, seen, 1);
      add_leaves(m, splits_.data(), s, seen, leaves.data() + member * m.trees, shape);
    }
    for (std::ptrdiff_t k = 0; k < length; ++k) {
      const double low = frame[k % 2], size = frame[2 + k % 2] - low;
      const double at = low + size * static_cast<double>(shape[k]);
      out[i * length + k] = rounded ? std::floor(at + 0.5) : at;
    }
  });
}

}  // namespace cvfast
