// Shapes moved onto a face by ensembles of regression trees (Kazemi and Sullivan, One Millisecond
// Face Alignment with an Ensemble of Regression Trees, CVPR 2014).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cvfast/image_view.h"

namespace cvfast {

// Points are x, y pairs in a frame: (0, 0) and (1, 1) are two corners of the face's box. Each stage
// reads `features` pixels, each `delta` away from an anchor point of the shape found so far; each
// of its trees compares `depth` pairs of them and adds what its leaf holds to the shape.
struct ShapeModel {
  std::ptrdiff_t points = 0, stages = 0, features = 0, trees = 0, depth = 0;
  std::vector<float> initial;         // points x 2
  std::vector<std::int32_t> anchors;  // stages x features: points
  std::vector<float> deltas;          // stages x features x 2
  std::vector<std::int32_t> pixels;   // stages x trees x splits x 2: features
  std::vector<float> thresholds;      // stages x trees x splits
  std::vector<float> leaves;          // stages x trees x (splits + 1) x points x 2

  std::ptrdiff_t splits() const { return (std::ptrdiff_t{1} << depth) - 1; }
};

// Throws std::invalid_argument for lengths that do not agree, numbers that are not finite, and
// points and features that are not there.
void check_shape_model(const ShapeModel& model);

struct PackedSplit;

class ShapePredictor {
 public:
  explicit ShapePredictor(ShapeModel model);  // checked
  ~ShapePredictor();
  ShapePredictor(const ShapePredictor&) = delete;
  ShapePredictor& operator=(const ShapePredictor&) = delete;

  const ShapeModel& model() const { return model_; }

  // image: 1 or 3 channels, of which the mean counts, rounded down; 0 outside. frames: count times
  // left, top, right, bottom in pixels, finite. starts: count shapes in their frames, or null for
  // the initial one. out: count x points x 2 in pixels; `rounded`: to whole ones.
  void fit(ImageView<const std::uint8_t> image, const double* frames, const float* starts,
           std::ptrdiff_t count, bool rounded, double* out, int threads) const;

 private:
  ShapeModel model_;
  std::vector<PackedSplit> splits_;
};

// Reads a shape_predictor as dlib (18.10 and later) saves it. Throws std::invalid_argument that
// names the offset. Memory stays in proportion to `size`.
ShapeModel read_shape_predictor(const std::uint8_t* data, std::size_t size);

// Pictures of one size, one after the other, and shapes to be moved onto the faces in them.
struct ShapeSamples {
  const std::uint8_t* pictures;
  std::ptrdiff_t picture_count, height, width;
  std::ptrdiff_t count;
  const std::int32_t* picture;  // of each sample
  const double* frames;         // count x 4
  const float* targets;         // count x points x 2
  float* shapes;                // count x points x 2: where they are; moved by what is learned
};

struct StagePlan {
  std::ptrdiff_t points, features, trees, depth;
  const float* initial;         // points x 2: the frame in which deltas are told
  const std::int32_t* anchors;  // features
  const float* deltas;          // features x 2
  int candidates;               // splits tried a node
  double nearness;              // pairs of pixels d apart are taken with probability exp(-d / it)
  double shrinkage;             // how much of the mean error a leaf takes away, in (0, 1]
  std::uint64_t seed;
};

struct StageTrees {
  std::int32_t* pixels;  // trees x splits x 2
  float* thresholds;     // trees x splits
  float* leaves;         // trees x (splits + 1) x points x 2, each tree's in 255 equal steps
};

// Learns one stage by gradient boosting: the same bytes for every number of threads.
void train_stage(const ShapeSamples& samples, const StagePlan& plan, const StageTrees& out,
                 int threads);

}  // namespace cvfast
