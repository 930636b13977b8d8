// The cheapest matching of a rectangle of costs, by shortest augmenting paths.
#include <limits>
#include <vector>

#include "check.h"
#include "cvfast/shape_context.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

constexpr double kFar = std::numeric_limits<double>::infinity();
constexpr double kMostCost = 1e100;  // sums of such costs stay finite

// No more rows than columns. Prices of columns fall from 0 and only once a column is taken, so that
// the free ones of a rectangle stay at 0, as duality asks.
class Matching {
 public:
  Matching(const double* costs, ptrdiff_t rows, ptrdiff_t columns)
      : costs_(costs),
        rows_(rows),
        columns_(columns),
        prices_(static_cast<std::size_t>(columns)),
        distances_(static_cast<std::size_t>(columns)),
        owners_(static_cast<std::size_t>(columns), -1),
        before_(static_cast<std::size_t>(columns)),
        left_(static_cast<std::size_t>(columns)),
        taken_(static_cast<std::size_t>(rows), -1) {}

  const std::vector<ptrdiff_t>& solve() {
    std::vector<ptrdiff_t> free;
    for (ptrdiff_t i = 0; i < rows_; ++i) free.push_back(i);
    for (int round = 0; round < 2 && !free.empty(); ++round) free = reduce(free);
    for (const ptrdiff_t row : free) augment(row);
    return taken_;
  }

 private:
  const double* row(ptrdiff_t i) const { return costs_ + i * columns_; }
  double& price(ptrdiff_t j) { return prices_[static_cast<std::size_t>(j)]; }
  ptrdiff_t& owner(ptrdiff_t j) { return owners_[static_cast<std::size_t>(j)]; }
  ptrdiff_t& taken(ptrdiff_t i) { return taken_[static_cast<std::size_t>(i)]; }

  // Augmenting row reduction: each row takes its best column at a price at which it is no better
  // than the second; whoever had it looks again, at once or in the next round.
  std::vector<ptrdiff_t> reduce(const std::vector<ptrdiff_t>& free) {
    std::vector<ptrdiff_t> rest;
    ptrdiff_t patience = 4 * rows_;  // rounding can make two rows take turns for ever
    for (const ptrdiff_t first : free) {
      ptrdiff_t i = first;
      while (i >= 0) {
        double best = kFar, second = kFar;
        ptrdiff_t at = -1, next = -1;
        const double* const cost = row(i);
        for (ptrdiff_t j = 0; j < columns_; ++j) {
          const double reduced = cost[j] - price(j);
          if (reduced >= second) continue;
          if (reduced < best) {
            second = best;
            next = at;
            best = reduced;
            at = j;
          } else {
            second = reduced;
            next = j;
          }
        }
        const bool strict = best < second && second < kFar;
        if (!strict && owner(at) >= 0 && next >= 0) at = next;
        const ptrdiff_t driven_out = owner(at);
        if (driven_out >= 0 && (!strict || patience-- <= 0)) {
          rest.push_back(i);
          break;
        }
        if (strict) price(at) -= second - best;
        if (driven_out >= 0) taken(driven_out) = -1;
        owner(at) = i;
        taken(i) = at;
        i = driven_out;
      }
    }
    return rest;
  }

  // Dijkstra from a free row to the nearest free column, over reduced costs; then the path flips.
  void augment(ptrdiff_t start) {
    for (ptrdiff_t j = 0; j < columns_; ++j) left_[static_cast<std::size_t>(j)] = j;
    for (double& distance : distances_) distance = kFar;
    ptrdiff_t open = columns_, i = start, end = -1;
    double so_far = 0;
    while (end < 0) {
      const double* const cost = row(i);
      const double base = i == start ? 0.0 : so_far - (cost[taken(i)] - price(taken(i)));
      double nearest = kFar;
      ptrdiff_t place = 0;
      for (ptrdiff_t k = 0; k < open; ++k) {
        const auto j = static_cast<std::size_t>(left_[static_cast<std::size_t>(k)]);
        const double through = base + cost[j] - prices_[j];
        if (through < distances_[j]) {
          distances_[j] = through;
          before_[j] = i;
        }
        const bool nearer = distances_[j] < nearest;
        if (nearer || (distances_[j] <= nearest && owners_[j] < 0)) {
          nearest = distances_[j];
          place = k;
        }
      }
      so_far = nearest;
      const auto chosen = static_cast<std::size_t>(place);
      const ptrdiff_t j = left_[chosen];
      left_[chosen] = left_[static_cast<std::size_t>(--open)];
      left_[static_cast<std::size_t>(open)] = j;  // behind `open` lie those that are settled
      if (owner(j) < 0) {
        end = j;
      } else {
        i = owner(j);
      }
    }
    for (ptrdiff_t k = open; k < columns_; ++k) {
      const ptrdiff_t j = left_[static_cast<std::size_t>(k)];
      price(j) += distances_[static_cast<std::size_t>(j)] - so_far;
    }
    flip(start, end);
  }

  void flip(ptrdiff_t start, ptrdiff_t end) {
    for (ptrdiff_t j = end;;) {
      const ptrdiff_t i = before_[static_cast<std::size_t>(j)];
      const ptrdiff_t next = taken(i);
      owner(j) = i;
      taken(i) = j;
      if (i == start) return;
      j = next;
    }
  }

  const double* costs_;
  ptrdiff_t rows_, columns_;
  std::vector<double> prices_, distances_;
  std::vector<ptrdiff_t> owners_, before_, left_, taken_;
};

}  // namespace

void assign(const double* costs, ptrdiff_t rows, ptrdiff_t columns, std::int64_t* matches) {
  for (ptrdiff_t i = 0; i < rows * columns; ++i) {
    if (!(costs[i] >= -kMostCost && costs[i] <= kMostCost)) {
      reject("costs", i / columns, "numbers from -1e100 to 1e100", costs[i]);
    }
  }
  for (ptrdiff_t i = 0; i < rows; ++i) matches[i] = -1;
  if (rows == 0 || columns == 0) return;
  if (rows <= columns) {
    Matching matching(costs, rows, columns);
    const auto& taken = matching.solve();
    for (ptrdiff_t i = 0; i < rows; ++i) matches[i] = taken[static_cast<std::size_t>(i)];
    return;
  }
  std::vector<double> turned(static_cast<std::size_t>(rows * columns));
  for (ptrdiff_t i = 0; i < rows; ++i) {
    for (ptrdiff_t j = 0; j < columns; ++j) {
      turned[static_cast<std::size_t>(j * rows + i)] = costs[i * columns + j];
    }
  }
  Matching matching(turned.data(), columns, rows);
  const auto& taken = matching.solve();
  for (ptrdiff_t j = 0; j < columns; ++j) matches[taken[static_cast<std::size_t>(j)]] = j;
}

}  // namespace cvfast
