// A cascade over windows that lie side by side in memory. The first stage runs on all of a row;
// groups with windows left go on together, and one that is left alone goes on by itself. (Windows
// gathered from afar cost as much each as one alone: eight gathers a stump.)
#include "kernels/cascade_lanes.h"

namespace cvfast::CVFAST_ISA {

namespace {

using std::ptrdiff_t;

constexpr int kGroups = static_cast<int>(kPatches) / Wide::kLanes;
constexpr std::uint32_t kAll = (std::uint32_t{1} << kPatches) - 1;

template <class P>
typename P::Ints total(const std::int32_t* at, const std::int32_t* a, const std::int32_t* b,
                       const std::int32_t* c, const std::int32_t* d) {
  return P::plus(P::minus(P::minus(P::load(at + *a), P::load(at + *b)), P::load(at + *c)),
                 P::load(at + *d));
}

template <class P>
typename P::Ints rectangle(const std::int32_t* at, const std::int32_t* corners) {
  return total<P>(at, corners, corners + 1, corners + 2, corners + 3);
}

// One of the 3 x 3 cells between 4 x 4 corners.
template <class P>
typename P::Ints cell(const std::int32_t* at, const std::int32_t* grid, int column, int row) {
  const std::int32_t* corner = grid + 4 * row + column;
  return total<P>(at, corner, corner + 1, corner + 4, corner + 5);
}

template <class P>
typename P::Mask goes_left_lbp(const CascadeNode& node, const std::int32_t* at) {
  const std::int32_t* g = node.corners;
  const auto centre = cell<P>(at, g, 1, 1);
  auto code = P::add_bit(P::zero_ints(), cell<P>(at, g, 0, 0), centre, 128);
  code = P::add_bit(code, cell<P>(at, g, 1, 0), centre, 64);
  code = P::add_bit(code, cell<P>(at, g, 2, 0), centre, 32);
  code = P::add_bit(code, cell<P>(at, g, 2, 1), centre, 16);
  code = P::add_bit(code, cell<P>(at, g, 2, 2), centre, 8);
  code = P::add_bit(code, cell<P>(at, g, 1, 2), centre, 4);
  code = P::add_bit(code, cell<P>(at, g, 0, 2), centre, 2);
  code = P::add_bit(code, cell<P>(at, g, 0, 1), centre, 1);
  return P::in_subset(code, node.subset);
}

template <class P>
typename P::Mask goes_left_haar(const CascadeNode& node, const std::int32_t* at,
                                const typename P::Floats& factor) {
  auto value = P::plus(P::weighed(rectangle<P>(at, node.corners), node.weights[0]),
                       P::weighed(rectangle<P>(at, node.corners + 4), node.weights[1]));
  if (node.weights[2] != 0) {
    value = P::plus(value, P::weighed(rectangle<P>(at, node.corners + 8), node.weights[2]));
  }
  return P::below(P::times(value, factor), node.threshold);
}

template <class P, bool kLbp>
typename P::Mask goes_left(const CascadeNode& node, const std::int32_t* at,
                           const typename P::Floats& factor) {
  if constexpr (kLbp) {
    return goes_left_lbp<P>(node, at);
  } else {
    return goes_left_haar<P>(node, at, factor);
  }
}

// The leaves that the lanes fall into, where children come after their parents.
template <class P, bool kLbp>
typename P::Doubles tree_values(const CascadeNode* tree, const std::int32_t* at,
                                const typename P::Floats& factor) {
  typename P::Mask here[kMostTreeNodes];
  for (std::int32_t i = 0; i < tree->tree_nodes; ++i) here[i] = 0;
  here[0] = ~typename P::Mask{0};
  auto values = P::zero();
  for (std::int32_t i = 0; i < tree->tree_nodes; ++i) {
    if (here[i] == 0) continue;
    const CascadeNode& node = tree[i];
    const auto left = goes_left<P, kLbp>(node, at, factor);
    if (node.left > 0) {
      here[node.left] |= here[i] & left;
    } else {
      P::choose(values, here[i] & left, node.left_value);
    }
    if (node.right > 0) {
      here[node.right] |= here[i] & ~left;
    } else {
      P::choose(values, here[i] & ~left, node.right_value);
    }
  }
  return values;
}

template <class P, bool kLbp>
typename P::Doubles stage_sums(const CascadeStage& stage, const std::int32_t* at,
                               const typename P::Floats& factor) {
  auto sums = P::zero();
  const CascadeNode* node = stage.nodes;
  if (stage.stumps) {
    for (const CascadeNode* const end = node + stage.trees; node < end; ++node) {
      P::add_either(sums, goes_left<P, kLbp>(*node, at, factor), node->left_value,
                    node->right_value);
    }
    return sums;
  }
  for (std::int32_t t = 0; t < stage.trees; ++t) {
    P::add(sums, tree_values<P, kLbp>(node, at, factor));
    node += node->tree_nodes;
  }
  return sums;
}

// Windows with contrast among kPatches ones, and their factors.
template <bool kLbp>
std::uint32_t contrasts(const CascadePlan& plan, const std::int32_t* at, float* factors) {
  if constexpr (kLbp) {
    return kAll;
  } else {
    std::uint32_t seen = 0;
    for (int g = 0; g < kGroups; ++g) {
      const std::int32_t* const here = at + g * Wide::kLanes;
      seen |= Wide::contrasts(rectangle<Wide>(here, plan.sums),
                              rectangle<Wide>(here, plan.squares), plan.area,
                              factors + g * Wide::kLanes)
              << (g * Wide::kLanes);
    }
    return seen;
  }
}

// One window alone: the stages from `first` on that it passes, and the last sum.
template <bool kLbp>
std::int32_t follow_one(const CascadePlan& plan, const std::int32_t* at, float factor,
                        std::int32_t first, double* sum) {
  using One = Plain<1>;
  for (std::int32_t s = first; s < plan.stage_count; ++s) {
    *sum = stage_sums<One, kLbp>(plan.stages[s], at, {{factor}}).v[0];
    if (*sum < plan.stages[s].threshold) return s;
  }
  return plan.stage_count;
}

int lowest(std::uint32_t bits) {
  int i = 0;
  for (; (bits & 1U) == 0; bits >>= 1) ++i;
  return i;
}

// The windows among a group's that pass all further stages.
template <bool kLbp>
ptrdiff_t follow_group(const CascadePlan& plan, const std::int32_t* at, const float* factors,
                       std::uint32_t left, std::int32_t window, CascadeHit* hits) {
  const auto factor = Wide::load(factors);
  double sums[Wide::kLanes] = {};
  for (std::int32_t s = 0; s < plan.stage_count; ++s) {
    if (s > 0 && (left & (left - 1)) == 0) {
      const int i = lowest(left);
      double sum = 0;
      if (follow_one<kLbp>(plan, at + i, factors[i], s, &sum) < plan.stage_count) return 0;
      *hits = {window + i, sum};
      return 1;
    }
    if (s == 0 && plan.stage_count > 1) continue;  // has been run
    const auto total_sums = stage_sums<Wide, kLbp>(plan.stages[s], at, factor);
    left &= Wide::at_least(total_sums, plan.stages[s].threshold);
    if (left == 0) return 0;
    if (s + 1 == plan.stage_count) Wide::store(total_sums, sums);
  }
  ptrdiff_t count = 0;
  for (int i = 0; i < Wide::kLanes; ++i) {
    if ((left >> i & 1U) != 0) hits[count++] = {window + i, sums[i]};
  }
  return count;
}

// Of kPatches windows those that are looked at and pass: a window after one that was looked at and
// failed is not looked at. `look` says it of the first one, and then of the one after the last.
std::uint32_t unhidden(std::uint32_t seen, std::uint32_t passed, std::uint32_t* look) {
  const std::uint32_t failed = seen & ~passed;
  if (passed == 0 && failed == kAll) return 0;  // they hide each other in pairs
  if (failed == 0 && *look != 0) return passed;
  std::uint32_t out = 0, now = *look;
  for (int i = 0; i < kPatches; ++i) {
    out |= (passed & now << i);
    now = 1U ^ (now & (failed >> i & 1U));
  }
  *look = now;
  return out;
}

template <bool kLbp>
ptrdiff_t scan(const CascadePlan& plan, const std::int32_t* row, ptrdiff_t windows,
               CascadeHit* hits) {
  float factors[kPatches] = {};
  std::uint32_t look = 1;
  ptrdiff_t count = 0;
  for (ptrdiff_t x = 0; x < windows; x += kPatches) {
    const std::int32_t* const at = row + x;
    std::uint32_t seen = contrasts<kLbp>(plan, at, factors);
    if (windows - x < kPatches) seen &= (std::uint32_t{1} << (windows - x)) - 1;
    std::uint32_t passed = 0;
    for (int g = 0; g < kGroups && seen != 0; ++g) {
      const int lane = g * Wide::kLanes;
      const auto sums = stage_sums<Wide, kLbp>(plan.stages[0], at + lane,
                                               Wide::load(factors + lane));
      passed |= Wide::at_least(sums, plan.stages[0].threshold) << lane;
    }
    const std::uint32_t left = unhidden(seen, passed & seen, &look);
    for (int g = 0; g < kGroups && left != 0; ++g) {
      const int lane = g * Wide::kLanes;
      const std::uint32_t here = left >> lane & ((std::uint32_t{1} << Wide::kLanes) - 1);
      if (here == 0) continue;
      count += follow_group<kLbp>(plan, at + lane, factors + lane, here,
                                  static_cast<std::int32_t>(x) + lane, hits + count);
    }
  }
  return count;
}

template <bool kLbp>
void patches(const CascadePlan& plan, const std::int32_t* at, std::int32_t* passed) {
  float factors[kPatches] = {};
  const std::uint32_t seen = contrasts<kLbp>(plan, at, factors);
  for (int g = 0; g < kGroups; ++g) {
    const int lane = g * Wide::kLanes;
    const auto factor = Wide::load(factors + lane);
    std::uint32_t left = seen >> lane & ((std::uint32_t{1} << Wide::kLanes) - 1);
    for (int i = 0; i < Wide::kLanes; ++i) passed[lane + i] = (left >> i & 1U) != 0 ? 0 : -1;
    for (std::int32_t s = 0; s < plan.stage_count && left != 0; ++s) {
      const auto sums = stage_sums<Wide, kLbp>(plan.stages[s], at + lane, factor);
      left &= Wide::at_least(sums, plan.stages[s].threshold);
      for (int i = 0; i < Wide::kLanes; ++i) {
        passed[lane + i] += static_cast<std::int32_t>(left >> i & 1U);
      }
    }
  }
}

ptrdiff_t scan_row(const CascadePlan& plan, const std::int32_t* row, ptrdiff_t windows,
                   CascadeHit* hits) {
  return plan.lbp ? scan<true>(plan, row, windows, hits)
                  : scan<false>(plan, row, windows, hits);
}

void scan_patches(const CascadePlan& plan, const std::int32_t* at, std::int32_t* passed) {
  plan.lbp ? patches<true>(plan, at, passed) : patches<false>(plan, at, passed);
}

}  // namespace

const CascadeKernels cascade_kernels = {scan_row, scan_patches};

}  // namespace cvfast::CVFAST_ISA
