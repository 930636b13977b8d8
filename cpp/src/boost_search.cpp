// The best feature for weighted patches: each thread searches a run of features, then the best of
// all runs is taken in their order.
#include <limits>
#include <stdexcept>
#include <string>

#include "boost_bank.h"

namespace cvfast {

namespace {

struct Sums {
  std::int32_t signs[kBoostCodes], weights[kBoostCodes];
};

// What all searches of a call share.
struct Question {
  const std::int32_t *signs, *weights;  // weights null: count errors
  std::vector<std::int64_t> pairs;      // weight * 2^32 + sign
  std::int64_t negative, positive;      // sums of -signs and signs under and over 0
  std::int32_t total;                   // of weights
  float mean;                           // signs over weights

  // By how much a cut with such extreme sums beats the better constant answer.
  double errors_saved(std::int32_t least, std::int32_t most) const {
    const std::int64_t constant = std::min(negative, positive);
    return static_cast<double>(constant - std::min(negative + least, positive - most));
  }
};

void check_sum(const char* name, std::int64_t sum) {
  if (sum <= std::numeric_limits<std::int32_t>::max()) return;
  throw std::invalid_argument(std::string(name) + ": expected sums under 2^31, got " +
                              std::to_string(sum));
}

Question ask(const std::int32_t* signs, const std::int32_t* weights, ptrdiff_t n) {
  Question q = {signs, weights, {}, 0, 0, 0, 0};
  std::int64_t total = 0;
  for (ptrdiff_t i = 0; i < n; ++i) {
    const std::int64_t sign = signs[i];
    q.negative += sign < 0 ? -sign : 0;
    q.positive += sign > 0 ? sign : 0;
    if (weights == nullptr) continue;
    if (weights[i] < 0) {
      throw std::invalid_argument("weights[" + std::to_string(i) + "]: expected 0 or more, got " +
                                  std::to_string(weights[i]));
    }
    total += weights[i];
    q.pairs.push_back((std::int64_t{weights[i]} << 32) + sign);
  }
  check_sum("signs", q.negative + q.positive);
  check_sum("weights", total);
  q.total = static_cast<std::int32_t>(total);
  if (total > 0) {
    q.mean = static_cast<float>(static_cast<double>(q.positive - q.negative) /
                                static_cast<double>(total));
  }
  return q;
}

void consider(BestFeature& best, ptrdiff_t feature, double gain) {
  if (gain > best.gain) best = {feature, gain};
}

double search_order(const Question& q, const std::uint16_t* order, ptrdiff_t n) {
  const BoostKernels& k = CVFAST_PICK(boost_kernels);
  if (q.weights == nullptr) {
    std::int32_t least, most;
    k.extremes(order, n, q.signs, &least, &most);
    return q.errors_saved(least, most);
  }
  float gain;
  k.explained(order, n, q.pairs.data(), q.total, q.mean, &gain);
  return static_cast<double>(gain);
}

// The codes that hold patches, by the mean of their labels; the sum of those before each cut tells.
double best_subset(const Question& q, const Sums& sums) {
  std::int32_t held[kBoostCodes];
  ptrdiff_t count = 0;
  for (std::int32_t c = 0; c < kBoostCodes; ++c) {
    if (sums.weights[c] > 0) held[count++] = c;
  }
  const auto mean = [&](std::int32_t c) {
    return static_cast<double>(sums.signs[c]) / static_cast<double>(sums.weights[c]);
  };
  std::sort(held, held + count, [&](std::int32_t a, std::int32_t b) {
    return mean(a) < mean(b) || (mean(a) == mean(b) && a < b);
  });
  double best = 0, signs = 0, weights = 0;
  for (ptrdiff_t i = 0; i + 1 < count; ++i) {
    signs += static_cast<double>(sums.signs[held[i]]);
    weights += static_cast<double>(sums.weights[held[i]]);
    const double rest = static_cast<double>(q.total) - weights;
    const double d = signs - weights * static_cast<double>(q.mean);
    best = std::max(best, d * d / (weights * rest));
  }
  return best;
}

double search_codes(const Question& q, const std::uint8_t* codes, ptrdiff_t n, Sums& sums) {
  std::fill(sums.signs, sums.signs + kBoostCodes, 0);
  std::fill(sums.weights, sums.weights + kBoostCodes, 0);
  for (ptrdiff_t i = 0; i < n; ++i) {
    sums.signs[codes[i]] += q.signs[i];
    if (q.weights != nullptr) sums.weights[codes[i]] += q.weights[i];
  }
  if (q.weights != nullptr) return best_subset(q, sums);
  std::int32_t least = 0;
  for (const std::int32_t sum : sums.signs) least += std::min(sum, 0);
  return q.errors_saved(least, 0);
}

}  // namespace

BestFeature FeatureBank::best(const std::int32_t* signs, const std::int32_t* weights,
                              int requested) const {
  const BoostParts& p = *parts_;
  check_searchable(p.patches);
  const Question q = ask(signs, weights, p.patches);
  const double work = static_cast<double>(p.count) * static_cast<double>(p.patches);
  const int threads = threads_for(requested, p.lbp ? 2 * work : work);
  std::vector<BestFeature> best(at_size(threads), BestFeature{-1, 0});
  const bool all = p.kept == p.count;
  if (p.lbp) {
    std::vector<Sums> sums(at_size(threads));
    std::vector<std::uint8_t> rooms(at_size(all ? 0 : p.patches * threads));
    by_runs(p.count, threads, [&](ptrdiff_t i, ptrdiff_t thread) {
      const std::uint8_t* codes = p.codes.data() + i * p.patches;
      if (i >= p.kept) {
        std::uint8_t* const room = rooms.data() + thread * p.patches;
        p.lbp_codes(i, room);
        codes = room;
      }
      consider(best[at_size(thread)], i, search_codes(q, codes, p.patches, sums[at_size(thread)]));
    });
  } else {
    std::vector<BoostRoom> rooms = boost_rooms(all ? 0 : p.patches, threads);
    std::vector<std::uint16_t> orders(at_size(all ? 0 : p.patches * threads));
    by_runs(p.count, threads, [&](ptrdiff_t i, ptrdiff_t thread) {
      const std::uint16_t* order = p.orders.data() + i * p.patches;
      if (i >= p.kept) {
        std::uint16_t* const room = orders.data() + thread * p.patches;
        p.sort(i, rooms[at_size(thread)], room);
        order = room;
      }
      consider(best[at_size(thread)], i, search_order(q, order, p.patches));
    });
  }
  BestFeature result = {-1, 0};
  for (const BestFeature& one : best) consider(result, one.feature, one.gain);
  return result;
}

}  // namespace cvfast
