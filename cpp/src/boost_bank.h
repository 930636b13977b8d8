// What a FeatureBank holds, and the room to sort in.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "boost_integrals.h"
#include "cvfast/boost.h"
#include "cvfast/parallel.h"
#include "kernels/boost_kernels.h"
#include "pick.h"

namespace cvfast {

using std::ptrdiff_t;

constexpr ptrdiff_t kBoostCodes = 256;  // of LBP

// An order has 15 bits for a patch's number.
inline void check_searchable(ptrdiff_t patches) {
  if (patches < static_cast<ptrdiff_t>(kBoostCut)) return;
  throw std::invalid_argument("patches: expected at most 32767 to search, got " +
                              std::to_string(patches));
}

inline std::size_t at_size(ptrdiff_t n) { return static_cast<std::size_t>(n); }

// Room of a thread to sort in.
class BoostRoom {
 public:
  explicit BoostRoom(ptrdiff_t n)
      : values_(at_size(n)),
        keys_(at_size(2 * n)),
        numbers_(at_size(2 * n)),
        bins_(at_size(kBoostBins)) {}

  float* values() { return values_.data(); }
  BoostSort sort() {
    const std::size_t n = values_.size();
    return {keys_.data(), keys_.data() + n, numbers_.data(), numbers_.data() + n, bins_.data()};
  }

 private:
  std::vector<float> values_;
  std::vector<std::uint32_t> keys_;
  std::vector<std::uint16_t> numbers_;
  std::vector<std::uint32_t> bins_;
};

inline std::vector<BoostRoom> boost_rooms(ptrdiff_t n, int threads) {
  std::vector<BoostRoom> rooms;
  rooms.reserve(at_size(threads));
  for (int i = 0; i < threads; ++i) rooms.emplace_back(n);
  return rooms;
}

struct BoostParts {
  ptrdiff_t width, height, patches, count, kept;
  bool lbp;
  std::vector<std::int32_t> rects;
  std::vector<float> weights;
  std::vector<std::uint8_t> tilted;
  BoostIntegrals integrals;
  std::vector<std::uint16_t> orders;  // Haar: per feature
  std::vector<std::uint8_t> codes;    // LBP: per feature

  const std::int32_t* at(const std::vector<std::int32_t>& plane, ptrdiff_t x, ptrdiff_t y) const {
    return plane.data() + (y * (width + 1) + x) * patches;
  }

  HaarRows haar_rows(ptrdiff_t feature) const {
    HaarRows rows = {};
    const bool diagonal = tilted[at_size(feature)] != 0;
    const auto& plane = diagonal ? integrals.tilted : integrals.upright;
    for (ptrdiff_t k = 0; k < kMostRects; ++k) {
      rows.weights[k] = weights[at_size(feature * kMostRects + k)];
      if (k == kMostRects - 1 && rows.weights[k] == 0) break;
      rows.rects = k + 1;
      const std::int32_t* const r = rects.data() + (feature * kMostRects + k) * 4;
      const ptrdiff_t x = r[0], y = r[1], w = r[2], h = r[3];
      rows.corners[k][0] = at(plane, x, y);
      rows.corners[k][1] = diagonal ? at(plane, x - h, y + h) : at(plane, x + w, y);
      rows.corners[k][2] = diagonal ? at(plane, x + w, y + w) : at(plane, x, y + h);
      rows.corners[k][3] = diagonal ? at(plane, x + w - h, y + w + h) : at(plane, x + w, y + h);
    }
    return rows;
  }

  void haar_values(ptrdiff_t feature, float* out) const {
    CVFAST_PICK(boost_kernels)
        .haar_values(haar_rows(feature), integrals.scale.data(), patches, out);
  }

  void lbp_codes(ptrdiff_t feature, std::uint8_t* out) const {
    const std::int32_t* const r = rects.data() + feature * 4;
    const std::int32_t* corners[16];
    for (ptrdiff_t i = 0; i < 16; ++i) {
      corners[i] = at(integrals.upright, r[0] + i % 4 * r[2], r[1] + i / 4 * r[3]);
    }
    CVFAST_PICK(boost_kernels).lbp_codes(corners, patches, out);
  }

  void sort(ptrdiff_t feature, BoostRoom& room, std::uint16_t* out) const {
    haar_values(feature, room.values());
    CVFAST_PICK(boost_kernels).sort(room.values(), patches, room.sort(), out);
  }
};

}  // namespace cvfast
