// Gradient boosting of one stage: each tree is fitted to what the ones before it left over.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cvfast/parallel.h"
#include "cvfast/trees.h"
#include "trees_walk.h"

namespace cvfast {

namespace {

constexpr double kLong = 1e9;  // nanoseconds: training always pays for threads
constexpr int kMostCandidates = 1000, kTriesAPair = 1000;
constexpr int kSteps = 127;  // a leaf's numbers are whole multiples, up to so many, of a step

// SplitMix64 (Steele, Lea, Flood, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::ptrdiff_t below(std::ptrdiff_t n) {
    return static_cast<std::ptrdiff_t>(bits() % static_cast<std::uint64_t>(n));
  }
  double share() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

struct Split {
  std::int32_t a, b;
  float threshold;
};

struct Node {
  std::ptrdiff_t first, end;  // its samples in the order
};

class StageTrainer {
 public:
  StageTrainer(const ShapeSamples& samples, const StagePlan& plan, int threads)
      : s_(samples),
        p_(plan),
        threads_(threads_for(threads, kLong)),
        n_(samples.count),
        length_(2 * plan.points),
        levels_(static_cast<std::size_t>(plan.features * n_)),
        errors_(static_cast<std::size_t>(n_ * length_)),
        order_(static_cast<std::size_t>(n_)),
        spare_(static_cast<std::size_t>(n_)),
        places_(static_cast<std::size_t>(2 * plan.features)) {
    parallel_for(n_, threads_, [&](std::ptrdiff_t i) {
      const std::ptrdiff_t size = s_.height * s_.width;
      const ImageView<const std::uint8_t> image = {s_.pictures + s_.picture[i] * size, s_.width,
                                                   s_.height, 1, s_.width};
      read_levels(image, s_.frames + 4 * i, p_.initial, s_.shapes + i * length_, p_.points,
                  p_.anchors, p_.deltas, p_.features, levels_.data() + i, n_);
      for (std::ptrdiff_t k = i * length_; k < (i + 1) * length_; ++k) {
        errors_[static_cast<std::size_t>(k)] = s_.targets[k] - s_.shapes[k];
      }
    });
    for (std::ptrdiff_t k = 0; k < 2 * p_.features; ++k) {
      places_[static_cast<std::size_t>(k)] =
          static_cast<double>(p_.initial[2 * p_.anchors[k / 2] + k % 2]) +
          static_cast<double>(p_.deltas[k]);
    }
  }

  void grow(std::ptrdiff_t tree, std::int32_t* pixels, float* thresholds, float* leaves) {
    for (std::ptrdiff_t i = 0; i < n_; ++i) order_[static_cast<std::size_t>(i)] = i;
    std::vector<Node> nodes = {{0, n_}};
    std::ptrdiff_t number = 0;
    for (std::ptrdiff_t d = 0; d < p_.depth; ++d) {
      const std::vector<Split> best = best_splits(nodes, tree, number);
      std::vector<Node> next;
      for (std::size_t i = 0; i < nodes.size(); ++i, ++number) {
        pixels[2 * number] = best[i].a;
        pixels[2 * number + 1] = best[i].b;
        thresholds[number] = best[i].threshold;
        const std::ptrdiff_t middle = divide(nodes[i], best[i]);
        next.push_back({nodes[i].first, middle});
        next.push_back({middle, nodes[i].end});
      }
      nodes = next;
    }
    fill_leaves(nodes, leaves);
  }

  void finish() {
    for (std::ptrdiff_t k = 0; k < n_ * length_; ++k) {
      s_.shapes[k] = s_.targets[k] - errors_[static_cast<std::size_t>(k)];
    }
  }

 private:
  const std::uint8_t* row(std::int32_t feature) const { return levels_.data() + feature * n_; }
  const float* error(std::ptrdiff_t i) const { return errors_.data() + i * length_; }

  bool goes_left(const Split& split, std::ptrdiff_t sample) const {
    const int difference = row(split.a)[sample] - row(split.b)[sample];
    return static_cast<float>(difference) > split.threshold;
  }

  // Near pairs are likelier; the threshold is the difference that one of the samples has.
  Split propose(const Node& node, Random& random) const {
    Split split = {0, 0, 0};
    for (int tries = 0; tries < kTriesAPair; ++tries) {
      split.a = static_cast<std::int32_t>(random.below(p_.features));
      split.b = static_cast<std::int32_t>(random.below(p_.features));
      const double dx = places_[static_cast<std::size_t>(2 * split.a)] -
                        places_[static_cast<std::size_t>(2 * split.b)];
      const double dy = places_[static_cast<std::size_t>(2 * split.a + 1)] -
                        places_[static_cast<std::size_t>(2 * split.b + 1)];
      const double likely = std::exp(-std::sqrt(dx * dx + dy * dy) / p_.nearness);
      if (split.a != split.b && random.share() < likely) break;
    }
    if (node.first < node.end) {
      const std::ptrdiff_t any =
          order_[static_cast<std::size_t>(node.first + random.below(node.end - node.first))];
      split.threshold = static_cast<float>(row(split.a)[any] - row(split.b)[any]);
    }
    return split;
  }

  // How much of the squared error a split explains: |left sum|^2 / left + |right sum|^2 / right.
  double gain(const Node& node, const Split& split, const double* total, float* sum) const {
    std::fill(sum, sum + length_, 0.0f);
    std::ptrdiff_t left = 0;
    for (std::ptrdiff_t k = node.first; k < node.end; ++k) {
      const std::ptrdiff_t sample = order_[static_cast<std::size_t>(k)];
      if (!goes_left(split, sample)) continue;
      ++left;
      const float* e = error(sample);
      for (std::ptrdiff_t j = 0; j < length_; ++j) sum[j] += e[j];
    }
    const std::ptrdiff_t right = node.end - node.first - left;
    if (left == 0 || right == 0) return -1;
    double here = 0, there = 0;
    for (std::ptrdiff_t j = 0; j < length_; ++j) {
      const double a = static_cast<double>(sum[j]), b = total[j] - a;
      here += a * a;
      there += b * b;
    }
    return here / static_cast<double>(left) + there / static_cast<double>(right);
  }

  std::vector<double> sums(const std::vector<Node>& nodes) const {
    std::vector<double> totals(nodes.size() * static_cast<std::size_t>(length_));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      double* total = totals.data() + i * static_cast<std::size_t>(length_);
      for (std::ptrdiff_t k = nodes[i].first; k < nodes[i].end; ++k) {
        const float* e = error(order_[static_cast<std::size_t>(k)]);
        for (std::ptrdiff_t j = 0; j < length_; ++j) total[j] += static_cast<double>(e[j]);
      }
    }
    return totals;
  }

  // Each candidate is judged by one thread, in the order of the samples.
  std::vector<Split> best_splits(const std::vector<Node>& nodes, std::ptrdiff_t tree,
                                 std::ptrdiff_t number) const {
    const auto count = static_cast<std::ptrdiff_t>(nodes.size());
    const std::vector<double> totals = sums(nodes);
    std::vector<Split> candidates(nodes.size() * static_cast<std::size_t>(p_.candidates));
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const auto which = static_cast<std::uint64_t>((tree << kDepthBits) + number + i);
      Random random(Random(p_.seed).bits() ^ Random(which).bits());
      for (std::ptrdiff_t c = 0; c < p_.candidates; ++c) {
        candidates[static_cast<std::size_t>(c * count + i)] =
            propose(nodes[static_cast<std::size_t>(i)], random);
      }
    }
    std::vector<double> gains(candidates.size());
    std::vector<float> rooms(static_cast<std::size_t>(threads_ * length_));
    const auto judge = [&](std::ptrdiff_t k, std::ptrdiff_t thread) {
      const auto at = static_cast<std::size_t>(k);
      gains[at] = gain(nodes[static_cast<std::size_t>(k % count)], candidates[at],
                       totals.data() + k % count * length_, rooms.data() + thread * length_);
    };
    by_runs(static_cast<std::ptrdiff_t>(candidates.size()), threads_, judge);
    std::vector<Split> best(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::size_t chosen = i;
      for (std::size_t k = i; k < gains.size(); k += nodes.size()) {
        if (gains[k] > gains[chosen]) chosen = k;
      }
      best[i] = candidates[chosen];
    }
    return best;
  }

  std::ptrdiff_t divide(const Node& node, const Split& split) {
    std::ptrdiff_t left = node.first, right = 0;
    for (std::ptrdiff_t k = node.first; k < node.end; ++k) {
      const std::ptrdiff_t sample = order_[static_cast<std::size_t>(k)];
      if (goes_left(split, sample)) {
        order_[static_cast<std::size_t>(left++)] = sample;
      } else {
        spare_[static_cast<std::size_t>(right++)] = sample;
      }
    }
    std::copy(spare_.begin(), spare_.begin() + right, order_.begin() + left);
    return left;
  }

  void fill_leaves(const std::vector<Node>& nodes, float* leaves) {
    const std::vector<double> totals = sums(nodes);
    double most = 0;
    std::vector<double> values(totals.size());
    for (std::size_t k = 0; k < totals.size(); ++k) {
      const Node& node = nodes[k / static_cast<std::size_t>(length_)];
      const auto count = static_cast<double>(std::max<std::ptrdiff_t>(node.end - node.first, 1));
      values[k] = p_.shrinkage * totals[k] / count;
      most = std::max(most, std::abs(values[k]));
    }
    const float step = step_of(most);
    for (std::size_t k = 0; k < values.size(); ++k) {
      const double steps = step > 0 ? std::floor(values[k] / static_cast<double>(step) + 0.5) : 0;
      leaves[k] = static_cast<float>(steps) * step;
    }
    parallel_for(static_cast<std::ptrdiff_t>(nodes.size()), threads_, [&](std::ptrdiff_t i) {
      const Node& node = nodes[static_cast<std::size_t>(i)];
      const float* leaf = leaves + i * length_;
      for (std::ptrdiff_t k = node.first; k < node.end; ++k) {
        float* e = errors_.data() + order_[static_cast<std::size_t>(k)] * length_;
        for (std::ptrdiff_t j = 0; j < length_; ++j) e[j] -= leaf[j];
      }
    });
  }

  // Rounded up to 16 bits, so that its multiples up to 127 are exact: a file can hold a byte each.
  static float step_of(double most) {
    if (!(most > 1e-30)) return 0;
    int exponent = 0;
    const double mantissa = std::frexp(most / kSteps, &exponent);
    return static_cast<float>(std::ldexp(std::ceil(mantissa * 65536), exponent - 16));
  }

  static constexpr int kDepthBits = 12;

  const ShapeSamples& s_;
  const StagePlan& p_;
  int threads_;
  std::ptrdiff_t n_, length_;
  std::vector<std::uint8_t> levels_;  // a row of samples a feature
  std::vector<float> errors_;         // what is left over of each sample
  std::vector<std::ptrdiff_t> order_, spare_;
  std::vector<double> places_;  // of the features, in the initial shape's frame
};

void expect_between(const char* name, double got, double least, double most) {
  if (got >= least && got <= most) return;
  throw std::invalid_argument(std::string(name) + ": expected " + shown(least) + " to " +
                              shown(most) + ", got " + shown(got));
}

void check_plan(const ShapeSamples& samples, const StagePlan& plan) {
  expect_between("points", static_cast<double>(plan.points), 1, 4096);
  expect_between("features", static_cast<double>(plan.features), 2, 32767);
  expect_between("trees", static_cast<double>(plan.trees), 1, 100000);
  expect_between("depth", static_cast<double>(plan.depth), 1, 10);
  expect_between("candidates", plan.candidates, 1, kMostCandidates);
  expect_between("nearness", plan.nearness, 1e-6, 1e6);
  expect_between("shrinkage", plan.shrinkage, 1e-6, 1);
  expect_between("samples", static_cast<double>(samples.count), 1, 1e8);
  check_finite("frames", samples.frames, samples.count, 4);
  for (std::ptrdiff_t i = 0; i < samples.count; ++i) {
    if (samples.picture[i] < 0 || samples.picture[i] >= samples.picture_count) {
      reject("picture", i, "0 to " + std::to_string(samples.picture_count - 1), samples.picture[i]);
    }
  }
  for (std::ptrdiff_t i = 0; i < plan.features; ++i) {
    if (plan.anchors[i] < 0 || plan.anchors[i] >= plan.points) {
      reject("anchors", i, "0 to " + std::to_string(plan.points - 1), plan.anchors[i]);
    }
  }
  for (std::ptrdiff_t k = 0; k < samples.count * 2 * plan.points; ++k) {
    const double both = static_cast<double>(samples.targets[k] - samples.shapes[k]);
    if (!std::isfinite(both)) reject("shapes", k / (2 * plan.points), "finite numbers", both);
  }
}

}  // namespace

void train_stage(const ShapeSamples& samples, const StagePlan& plan, const StageTrees& out,
                 int threads) {
  check_plan(samples, plan);
  StageTrainer trainer(samples, plan, threads);
  const std::ptrdiff_t splits = (std::ptrdiff_t{1} << plan.depth) - 1;
  for (std::ptrdiff_t t = 0; t < plan.trees; ++t) {
    trainer.grow(t, out.pixels + 2 * t * splits, out.thresholds + t * splits,
                 out.leaves + 2 * t * (splits + 1) * plan.points);
  }
  trainer.finish();
}

}  // namespace cvfast
