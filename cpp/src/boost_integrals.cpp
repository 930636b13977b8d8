#include "boost_integrals.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cvfast/parallel.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kLanes = 16;  // patches summed side by side

// A group of up to kLanes patches: all arrays have kLanes numbers a place.
class Group {
 public:
  Group(const Patches& patches, BoostIntegrals& out, ptrdiff_t first, std::int32_t* room)
      : patches_(patches),
        out_(out),
        first_(first),
        lanes_(std::min(kLanes, patches.count - first)),
        columns_(patches.width + 1),
        sums_(room) {}

  void upright() {
    std::memset(sums_, 0, static_cast<std::size_t>(columns_ * kLanes) * sizeof *sums_);
    store(out_.upright, 0, sums_);
    for (ptrdiff_t y = 0; y < patches_.height; ++y) {
      add_prefixes(y, row(y), row(y + 1));
      store(out_.upright, y + 1, row(y + 1));
    }
  }

  // Sums over row prefixes, clamped to the patch; quick enough for the few rows of a patch.
  void tilted() {
    std::int32_t* const zero = row(patches_.height + 1);
    std::memset(zero, 0, static_cast<std::size_t>(columns_ * kLanes) * sizeof *zero);
    for (ptrdiff_t y = 0; y < patches_.height; ++y) add_prefixes(y, zero, row(y));
    std::int32_t* const line = zero + columns_ * kLanes;
    for (ptrdiff_t y = 0; y <= patches_.height; ++y) {
      std::memset(line, 0, static_cast<std::size_t>(columns_ * kLanes) * sizeof *line);
      for (ptrdiff_t x = 0; x < columns_; ++x) {
        for (ptrdiff_t up = 0; up < y; ++up) {
          const std::int32_t* const prefix = row(y - 1 - up);
          const std::int32_t* const to = prefix + std::min(x + up, patches_.width) * kLanes;
          const std::int32_t* const from = prefix + std::max<ptrdiff_t>(x - 1 - up, 0) * kLanes;
          for (ptrdiff_t i = 0; i < kLanes; ++i) line[x * kLanes + i] += to[i] - from[i];
        }
      }
      store(out_.tilted, y, line);
    }
  }

  // As OpenCV's runtime normalises: the outermost pixels do not count.
  void scales() {
    for (ptrdiff_t i = 0; i < lanes_; ++i) {
      const std::uint8_t* const patch = pixels(i);
      std::int64_t sum = 0, squares = 0;
      for (ptrdiff_t y = 1; y + 1 < patches_.height; ++y) {
        for (ptrdiff_t x = 1; x + 1 < patches_.width; ++x) {
          const std::int64_t value = patch[y * patches_.width + x];
          sum += value;
          squares += value * value;
        }
      }
      const auto area = static_cast<double>((patches_.width - 2) * (patches_.height - 2));
      const auto total = static_cast<double>(sum);
      const double spread = area * static_cast<double>(squares) - total * total;
      out_.scale[static_cast<std::size_t>(first_ + i)] =
          spread > 0 ? static_cast<float>(1.0 / std::sqrt(spread)) : 1.0F;
    }
  }

 private:
  std::int32_t* row(ptrdiff_t y) const { return sums_ + y * columns_ * kLanes; }
  const std::uint8_t* pixels(ptrdiff_t lane) const {
    return patches_.data + (first_ + lane) * patches_.width * patches_.height;
  }

  // out = above + the sums of row y up to each column.
  void add_prefixes(ptrdiff_t y, const std::int32_t* above, std::int32_t* out) const {
    std::int32_t sums[kLanes] = {};
    const std::uint8_t* rows[kLanes];
    for (ptrdiff_t i = 0; i < kLanes; ++i) {  // lanes without a patch repeat the first one
      rows[i] = pixels(i < lanes_ ? i : 0) + y * patches_.width;
    }
    std::memcpy(out, above, kLanes * sizeof *out);
    for (ptrdiff_t x = 0; x < patches_.width; ++x) {
      const std::int32_t* const from = above + (x + 1) * kLanes;
      std::int32_t* const to = out + (x + 1) * kLanes;
      for (ptrdiff_t i = 0; i < kLanes; ++i) {
        sums[i] += rows[i][x];
        to[i] = from[i] + sums[i];
      }
    }
  }

  void store(std::vector<std::int32_t>& to, ptrdiff_t y, const std::int32_t* line) const {
    for (ptrdiff_t x = 0; x < columns_; ++x) {
      std::memcpy(to.data() + (y * columns_ + x) * patches_.count + first_, line + x * kLanes,
                  static_cast<std::size_t>(lanes_) * sizeof *line);
    }
  }

  const Patches& patches_;
  BoostIntegrals& out_;
  const ptrdiff_t first_, lanes_, columns_;
  std::int32_t* const sums_;
};

}  // namespace

BoostIntegrals boost_integrals(const Patches& patches, bool tilted, int threads) {
  const ptrdiff_t places = (patches.width + 1) * (patches.height + 1);
  BoostIntegrals out;
  out.upright.resize(static_cast<std::size_t>(places * patches.count));
  if (tilted) out.tilted.resize(out.upright.size());
  out.scale.resize(static_cast<std::size_t>(patches.count));
  const ptrdiff_t groups = (patches.count + kLanes - 1) / kLanes;
  const ptrdiff_t room = (patches.width + 1) * (patches.height + 3) * kLanes;
  std::vector<std::int32_t> rooms(static_cast<std::size_t>(room * threads));
  by_runs(groups, threads, [&](ptrdiff_t g, ptrdiff_t thread) {
    Group group(patches, out, g * kLanes, rooms.data() + thread * room);
    group.upright();
    if (tilted) group.tilted();
    group.scales();
  });
  return out;
}

}  // namespace cvfast
