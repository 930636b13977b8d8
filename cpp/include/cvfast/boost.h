// Weak learners for a boosted cascade: the values of rectangle features on training patches, and
// the feature that parts weighted patches best (Viola and Jones, 2001; Liao and others, 2007).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace cvfast {

// Training patches: `count` grey pictures of height x width, packed.
struct Patches {
  const std::uint8_t* data;
  std::ptrdiff_t count, width, height;
};

constexpr std::ptrdiff_t kMostRects = 3;

// Features as OpenCV's cascade files name them. Haar: three rectangles x, y, width, height each
// (those of weight 0 do not count), summed upright or, if `tilted`, along diagonals. LBP: one
// rectangle, the upper left of 3 x 3 equal blocks; weights and tilted are null.
struct RectFeatures {
  const std::int32_t* rects;
  const float* weights;
  const bool* tilted;
  std::ptrdiff_t count;
};

struct BestFeature {
  std::ptrdiff_t feature;  // the lowest of equally good ones; -1: none parts anything
  double gain;             // of its best cut
};

struct BoostParts;

// The values of many features on the same patches, and the order of the patches by each value.
class FeatureBank {
 public:
  // Keeps orders in at most `memory` bytes; those of the features beyond are made anew at every
  // search. With memory 0 the bank serves for values only and may hold any number of patches, else
  // at most 32767. Throws std::invalid_argument for features outside the window and too many
  // patches, std::bad_alloc without memory. threads 0: num_threads(), here and below.
  FeatureBank(const Patches& patches, const RectFeatures& features, std::ptrdiff_t memory,
              int threads);
  ~FeatureBank();

  std::ptrdiff_t patches() const;
  std::ptrdiff_t features() const;
  bool is_lbp() const;
  std::ptrdiff_t kept() const;  // features whose orders are kept

  // out[i * patches() + n]: the value of the feature chosen[i] on patch n, as OpenCV's runtime has
  // it. Haar: the weighted sum over the deviation of the patch (a margin of one pixel left out)
  // times its area; LBP: the code, 0 to 255. Throws std::invalid_argument for an index out of
  // range.
  void values(const std::int64_t* chosen, std::ptrdiff_t count, float* out, int threads) const;

  // The feature whose best cut (LBP: best subset of codes) leaves the least weighted errors.
  // signs[n] = weight times label (-1 or 1) in fixed point. The gain is by how much the errors fall
  // below those of the better constant answer. With weights (0 or more; else null): the feature
  // that explains most of the weighted square of the labels. Throws std::invalid_argument where
  // |signs| or weights sum up to 2^31 or more, and for a bank of more than 32767 patches.
  BestFeature best(const std::int32_t* signs, const std::int32_t* weights, int threads) const;

 private:
  std::unique_ptr<BoostParts> parts_;
};

}  // namespace cvfast
