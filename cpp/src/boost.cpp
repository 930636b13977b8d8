#include "cvfast/boost.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "boost_bank.h"
#include "check.h"

namespace cvfast {

namespace {

constexpr ptrdiff_t kLeastSide = 4, kMostSide = 256;

void check_patches(const Patches& patches, ptrdiff_t memory) {
  for (const ptrdiff_t side : {patches.width, patches.height}) {
    if (side < kLeastSide || side > kMostSide) {
      throw std::invalid_argument("patches: expected sides of 4 to 256 pixels, got " +
                                  std::to_string(side));
    }
  }
  if (memory > 0) check_searchable(patches.count);
}

bool is_inside(const std::int32_t* r, bool tilted, ptrdiff_t blocks, const Patches& p) {
  const ptrdiff_t x = r[0], y = r[1], w = r[2], h = r[3];
  if (x < 0 || y < 0 || w < 1 || h < 1 || w > p.width || h > p.height) return false;
  if (!tilted) return x + blocks * w <= p.width && y + blocks * h <= p.height;
  return x - h >= 0 && x + w <= p.width && y + w + h <= p.height;
}

void check_features(const RectFeatures& f, const Patches& patches) {
  const bool lbp = f.weights == nullptr;
  const ptrdiff_t rects = lbp ? 1 : kMostRects;
  for (ptrdiff_t i = 0; i < f.count; ++i) {
    for (ptrdiff_t k = 0; k < rects; ++k) {
      const std::int32_t* const r = f.rects + (i * rects + k) * 4;
      if (!lbp) {
        const float weight = f.weights[i * kMostRects + k];
        if (!std::isfinite(weight)) {
          reject("weights", i, "finite numbers", static_cast<double>(weight));
        }
        if (k == kMostRects - 1 && weight == 0) continue;  // no third rectangle
      }
      if (!is_inside(r, !lbp && f.tilted[i], lbp ? 3 : 1, patches)) {
        throw std::invalid_argument("rects[" + std::to_string(i) +
                                    "]: expected rectangles inside the patches, got " +
                                    std::to_string(r[0]) + ", " + std::to_string(r[1]) + ", " +
                                    std::to_string(r[2]) + ", " + std::to_string(r[3]));
      }
    }
  }
}

}  // namespace

FeatureBank::FeatureBank(const Patches& patches, const RectFeatures& f, ptrdiff_t memory,
                         int requested)
    : parts_(new BoostParts()) {
  check_patches(patches, memory);
  check_features(f, patches);
  BoostParts& p = *parts_;
  p.width = patches.width;
  p.height = patches.height;
  p.patches = patches.count;
  p.count = f.count;
  p.kept = 0;
  p.lbp = f.weights == nullptr;
  p.rects.assign(f.rects, f.rects + f.count * (p.lbp ? 1 : kMostRects) * 4);
  if (!p.lbp) {
    p.weights.assign(f.weights, f.weights + f.count * kMostRects);
    p.tilted.assign(f.tilted, f.tilted + f.count);
  }
  const bool diagonal = std::count(p.tilted.begin(), p.tilted.end(), 1) > 0;
  const auto n = static_cast<double>(patches.count);
  const double pixels = static_cast<double>(patches.width * patches.height);
  p.integrals = boost_integrals(patches, diagonal, threads_for(requested, n * pixels));
  if (memory <= 0 || patches.count == 0) return;
  const int threads = threads_for(requested, n * static_cast<double>(f.count) * 5);
  if (p.lbp) {
    p.kept = std::min(f.count, memory / patches.count);
    p.codes.resize(at_size(p.kept * patches.count));
    by_runs(p.kept, threads,
            [&](ptrdiff_t i, ptrdiff_t) { p.lbp_codes(i, p.codes.data() + i * patches.count); });
    return;
  }
  const ptrdiff_t room = patches.count * static_cast<ptrdiff_t>(sizeof(std::uint16_t));
  p.kept = std::min(f.count, memory / room);
  p.orders.resize(at_size(p.kept * patches.count));
  std::vector<BoostRoom> rooms = boost_rooms(patches.count, threads);
  by_runs(p.kept, threads, [&](ptrdiff_t i, ptrdiff_t thread) {
    p.sort(i, rooms[at_size(thread)], p.orders.data() + i * patches.count);
  });
}

FeatureBank::~FeatureBank() = default;

ptrdiff_t FeatureBank::patches() const { return parts_->patches; }
ptrdiff_t FeatureBank::features() const { return parts_->count; }
bool FeatureBank::is_lbp() const { return parts_->lbp; }
ptrdiff_t FeatureBank::kept() const { return parts_->kept; }

void FeatureBank::values(const std::int64_t* chosen, ptrdiff_t count, float* out,
                         int requested) const {
  const BoostParts& p = *parts_;
  for (ptrdiff_t i = 0; i < count; ++i) {
    if (chosen[i] < 0 || chosen[i] >= p.count) {
      reject("features", i, "an index under " + std::to_string(p.count),
             static_cast<double>(chosen[i]));
    }
  }
  const int threads =
      threads_for(requested, static_cast<double>(count) * static_cast<double>(p.patches));
  std::vector<std::uint8_t> rooms(at_size(p.lbp ? p.patches * threads : 0));
  by_runs(count, threads, [&](ptrdiff_t i, ptrdiff_t thread) {
    float* const to = out + i * p.patches;
    if (!p.lbp) {
      p.haar_values(static_cast<ptrdiff_t>(chosen[i]), to);
      return;
    }
    std::uint8_t* const codes = rooms.data() + thread * p.patches;
    p.lbp_codes(static_cast<ptrdiff_t>(chosen[i]), codes);
    for (ptrdiff_t n = 0; n < p.patches; ++n) to[n] = static_cast<float>(codes[n]);
  });
}

}  // namespace cvfast
