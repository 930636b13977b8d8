// Overlap of boxes, and the choice of the best boxes among overlapping ones.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cvfast {

// Boxes are rows x0, y0, x1, y1 with x0 <= x1 and y0 <= y1, all finite. All functions compute in
// the boxes' own type unless said, and throw std::invalid_argument for values out of range (boxes,
// NaN or infinite scores, thresholds) and std::bad_alloc without memory.
template <typename T>
struct Boxes {
  const T* data;
  std::ptrdiff_t count;
};

// Intersection over union of every box of `a` (rows) with every box of `b`; 0 where they do not
// overlap. Twice an area must be finite.
void iou(Boxes<float> a, Boxes<float> b, float* out);
void iou(Boxes<double> a, Boxes<double> b, double* out);

// Greedy suppression: by score descending (ties: lower index first), a box is kept unless its
// overlap with a kept box exceeds the threshold. Writes the kept indices in that order to `out`
// (room for boxes.count) and returns how many. With `classes` (one a box; null: all the same) boxes
// suppress those of their own class only.
template <typename T, typename Score>
std::ptrdiff_t nms(Boxes<T> boxes, const Score* scores, const std::int64_t* classes,
                   double threshold, std::int64_t* out);

extern template std::ptrdiff_t nms(Boxes<float>, const float*, const std::int64_t*, double,
                                   std::int64_t*);
extern template std::ptrdiff_t nms(Boxes<float>, const double*, const std::int64_t*, double,
                                   std::int64_t*);
extern template std::ptrdiff_t nms(Boxes<double>, const float*, const std::int64_t*, double,
                                   std::int64_t*);
extern template std::ptrdiff_t nms(Boxes<double>, const double*, const std::int64_t*, double,
                                   std::int64_t*);

struct SoftNms {
  bool gaussian;           // the decay exp(-iou^2 / sigma), else 1 - iou where iou > iou_threshold
  double sigma;            // over 0
  double iou_threshold;    // in [0, 1]
  double score_threshold;  // at least 0
};

// Selects the box of the highest score (ties: lower index) again and again, and lowers the scores
// of the others by their overlap with it, until all are below the score threshold. Writes indices
// and lowered scores in the order of selection (room for boxes.count) and returns how many.
// Computes in double.
template <typename T, typename Score>
std::ptrdiff_t soft_nms(Boxes<T> boxes, const Score* scores, const SoftNms& options,
                        std::int64_t* out, Score* out_scores);

extern template std::ptrdiff_t soft_nms(Boxes<float>, const float*, const SoftNms&, std::int64_t*,
                                        float*);
extern template std::ptrdiff_t soft_nms(Boxes<float>, const double*, const SoftNms&, std::int64_t*,
                                        double*);
extern template std::ptrdiff_t soft_nms(Boxes<double>, const float*, const SoftNms&, std::int64_t*,
                                        float*);
extern template std::ptrdiff_t soft_nms(Boxes<double>, const double*, const SoftNms&, std::int64_t*,
                                        double*);

}  // namespace cvfast
