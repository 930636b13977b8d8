// The value checks that every function on boxes makes once, in one pass.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "check.h"
#include "cvfast/nms.h"

namespace cvfast {

template <typename T>
void reject_boxes(const std::string& name, Boxes<T> boxes) {
  for (std::ptrdiff_t i = 0; i < boxes.count; ++i) {
    const T* box = boxes.data + 4 * i;
    for (int k = 0; k < 4; ++k) {
      if (!std::isfinite(box[k])) reject(name, i, "finite numbers", static_cast<double>(box[k]));
    }
    for (int k = 0; k < 2; ++k) {
      const std::string axis = k == 0 ? "x" : "y";
      if (box[k + 2] < box[k]) {
        reject(name, i, axis + "1 at least its " + axis + "0 " + shown(static_cast<double>(box[k])),
               static_cast<double>(box[k + 2]));
      }
    }
  }
}

template <typename T>
void check_boxes(const std::string& name, Boxes<T> boxes) {
  constexpr T most = std::numeric_limits<T>::max();
  const T* box = boxes.data;
  int bad = 0;  // comparisons with NaN are false
  for (std::ptrdiff_t i = 0; i < boxes.count; ++i, box += 4) {
    bad |= static_cast<int>(!(box[0] >= -most)) | static_cast<int>(!(box[1] >= -most)) |
           static_cast<int>(!(box[2] >= box[0])) | static_cast<int>(!(box[3] >= box[1])) |
           static_cast<int>(!(box[2] <= most)) | static_cast<int>(!(box[3] <= most));
  }
  if (bad != 0) reject_boxes(name, boxes);
}

template <typename Score>
void reject_scores(const Score* scores, std::ptrdiff_t count) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    if (!std::isfinite(scores[i])) {
      reject("scores", i, "finite numbers", static_cast<double>(scores[i]));
    }
  }
}

template <typename Score>
void check_scores(const Score* scores, std::ptrdiff_t count) {
  constexpr Score most = std::numeric_limits<Score>::max();
  int bad = 0;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    bad |= static_cast<int>(!(scores[i] >= -most)) | static_cast<int>(!(scores[i] <= most));
  }
  if (bad != 0) reject_scores(scores, count);
}

inline void check_count(std::ptrdiff_t count) {  // indices are 32 bits inside
  if (count <= 0x7fffffff) return;
  throw std::invalid_argument("boxes: expected at most 2147483647, got " + std::to_string(count));
}

inline void check_threshold(const std::string& name, double threshold) {
  if (threshold >= 0 && threshold <= 1) return;
  throw std::invalid_argument(name + ": expected a number in [0, 1], got " + shown(threshold));
}

}  // namespace cvfast
