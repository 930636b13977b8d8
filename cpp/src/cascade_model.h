// A cascade checked and copied, and laid out for integral images of one shape.
#pragma once

#include <cstdint>
#include <vector>

#include "cvfast/cascade.h"
#include "kernels/kernels.h"

namespace cvfast {

// Where a corner of a window lies, counted from its first one.
struct IntegralLayout {
  std::ptrdiff_t stride;    // from a row to the next
  std::ptrdiff_t half;      // over 0: odd columns lie so far behind the even ones
  std::ptrdiff_t step;      // between columns, where half is 0
  std::ptrdiff_t squares;   // from sums to squares
  std::ptrdiff_t tilted;    // from sums to tilted sums

  std::ptrdiff_t at(std::ptrdiff_t x, std::ptrdiff_t y) const {
    const std::ptrdiff_t column = half > 0 ? x % 2 * half + x / 2 : x * step;
    return y * stride + column;
  }
};

class CascadeModel {
 public:
  explicit CascadeModel(const CascadeArrays& arrays);

  std::int32_t width() const { return width_; }
  std::int32_t height() const { return height_; }
  std::int32_t stages() const { return static_cast<std::int32_t>(stages_.size()); }
  bool lbp() const { return lbp_; }
  bool tilted() const { return any_tilted_; }

 private:
  friend class CascadeLaidOut;

  struct Feature {
    std::int32_t rects[3][4];
    float weights[3];
    bool tilted;
  };
  void check_counts(const CascadeArrays&) const;
  void take_features(const CascadeArrays&);
  void take_nodes(const CascadeArrays&);
  void take_stages(const CascadeArrays&);

  std::int32_t width_, height_;
  bool lbp_, any_tilted_ = false;
  std::vector<Feature> features_;
  std::vector<CascadeNode> nodes_;  // without corners
  std::vector<std::int32_t> node_features_;
  std::vector<CascadeStage> stages_;  // without nodes
  std::vector<std::ptrdiff_t> first_nodes_;
};

// A plan and what it points to.
class CascadeLaidOut {
 public:
  CascadeLaidOut(const CascadeModel& model, const IntegralLayout& layout);
  const CascadePlan& plan() const { return plan_; }

 private:
  std::vector<CascadeNode> nodes_;
  std::vector<CascadeStage> stages_;
  CascadePlan plan_;
};

}  // namespace cvfast
