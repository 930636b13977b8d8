// Boosted cascades (Viola, Jones, CVPR 2001; Lienhart, Maydt, ICIP 2002; Liao et al., ICB 2007):
// every window of every size of a picture, decided as OpenCV's CascadeClassifier does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cvfast/image_view.h"

namespace cvfast {

// A cascade as python/cvfast/models/cascade_file.py describes it.
struct CascadeArrays {
  bool lbp;
  std::int32_t width, height;  // of the window
  std::ptrdiff_t stages, trees, nodes, leaves, features;
  const float* stage_thresholds;
  const std::int32_t *stage_trees, *tree_nodes;
  const std::int32_t *node_left, *node_right, *node_feature;
  const float* node_threshold;      // of Haar features
  const std::int32_t* node_subset;  // 8 words a node, of LBP features
  const float* leaf_values;
  const std::int32_t* feature_rects;  // x y w h: 3 a feature, of LBP features 1
  const float* feature_weights;       // 3 a feature
  const bool* feature_tilted;
};

struct WindowSearch {
  double scale_factor;                   // over 1
  std::int32_t min_width, min_height;    // of windows in the picture, from 0
  std::int32_t most_width, most_height;  // 0: the picture's
};

struct CascadeWindow {
  std::int32_t x, y, width, height;
  double sum;  // of the last stage
};

class CascadeModel;

class Cascade {
 public:
  // Copies what it needs. Throws std::invalid_argument for a number out of place.
  explicit Cascade(const CascadeArrays& arrays);
  ~Cascade();

  std::int32_t width() const;
  std::int32_t height() const;
  std::int32_t stages() const;

  // The windows that all stages accept, by size, then by row. threads 0: num_threads(). Throws
  // std::invalid_argument for values out of range, std::bad_alloc without memory.
  std::vector<CascadeWindow> windows(ImageView<const std::uint8_t> grey, const WindowSearch& search,
                                     int threads) const;

  // For each of `count` packed pictures of the window's size how many stages accept it; -1 for one
  // without contrast, which no stage sees.
  void stages_passed(const std::uint8_t* pictures, std::ptrdiff_t count, std::int32_t* passed,
                     int threads) const;

 private:
  std::unique_ptr<const CascadeModel> model_;
};

struct BoxGroup {
  std::int32_t x, y, width, height;
  std::int32_t count;
};

// Boxes (x y w h, `count` of them) that lie alike, averaged: OpenCV's groupRectangles. Groups of up
// to `min_neighbors` boxes are dropped, and small ones inside others; with 0 every box stays.
std::vector<BoxGroup> group_rectangles(const std::int32_t* boxes, std::ptrdiff_t count,
                                       int min_neighbors, double eps);

}  // namespace cvfast
