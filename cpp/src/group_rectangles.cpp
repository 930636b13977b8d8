#include <algorithm>
#include <cmath>
#include <numeric>

#include "check.h"
#include "cvfast/cascade.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

struct Box {
  std::int32_t x, y, width, height;
};

bool alike(const Box& a, const Box& b, double eps) {
  const double least = std::min(a.width, b.width) + std::min(a.height, b.height);
  const double slack = eps * least * 0.5;
  return std::abs(a.x - b.x) <= slack && std::abs(a.y - b.y) <= slack &&
         std::abs(a.x + a.width - b.x - b.width) <= slack &&
         std::abs(a.y + a.height - b.y - b.height) <= slack;
}

std::size_t root_of(std::vector<std::size_t>& parents, std::size_t i) {
  while (parents[i] != i) i = parents[i] = parents[parents[i]];
  return i;
}

// Joins boxes that are alike: only those whose left sides lie within the slack are compared.
std::vector<std::size_t> join(const std::vector<Box>& boxes, double eps) {
  std::vector<std::size_t> order(boxes.size()), parents(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::iota(parents.begin(), parents.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return boxes[a].x < boxes[b].x; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Box& box = boxes[order[i]];
    const double reach = eps * (static_cast<double>(box.width) + box.height) * 0.5;
    for (std::size_t j = i + 1; j < order.size() && boxes[order[j]].x - box.x <= reach; ++j) {
      if (alike(box, boxes[order[j]], eps)) {
        parents[root_of(parents, order[i])] = root_of(parents, order[j]);
      }
    }
  }
  for (std::size_t i = 0; i < boxes.size(); ++i) parents[i] = root_of(parents, i);
  return parents;
}

std::int32_t share(std::int64_t sum, float part) {
  return static_cast<std::int32_t>(std::nearbyint(static_cast<float>(sum) * part));
}

// Mean boxes, in the order of their first members.
std::vector<BoxGroup> means(const std::vector<Box>& boxes, double eps) {
  const std::vector<std::size_t> roots = join(boxes, eps);
  struct Sum {
    std::int64_t x = 0, y = 0, width = 0, height = 0;
    std::int32_t count = 0;
  };
  std::vector<Sum> sums;
  std::vector<std::size_t> numbers(boxes.size(), boxes.size());
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    std::size_t& number = numbers[roots[i]];
    if (number == boxes.size()) {
      number = sums.size();
      sums.push_back({});
    }
    Sum& sum = sums[number];
    sum.x += boxes[i].x;
    sum.y += boxes[i].y;
    sum.width += boxes[i].width;
    sum.height += boxes[i].height;
    ++sum.count;
  }
  std::vector<BoxGroup> groups;
  for (const Sum& sum : sums) {
    const float part = 1.0F / static_cast<float>(sum.count);
    groups.push_back({share(sum.x, part), share(sum.y, part), share(sum.width, part),
                      share(sum.height, part), sum.count});
  }
  return groups;
}

// Whether a group lies in a stronger one, give or take eps of its size.
bool inside(const BoxGroup& small, const BoxGroup& large, double eps) {
  const auto dx = static_cast<std::int32_t>(std::nearbyint(large.width * eps));
  const auto dy = static_cast<std::int32_t>(std::nearbyint(large.height * eps));
  return small.x >= large.x - dx && small.y >= large.y - dy &&
         small.x + small.width <= large.x + large.width + dx &&
         small.y + small.height <= large.y + large.height + dy &&
         (large.count > std::max(3, small.count) || small.count < 3);
}

}  // namespace

std::vector<BoxGroup> group_rectangles(const std::int32_t* boxes, ptrdiff_t count,
                                       int min_neighbors, double eps) {
  constexpr std::int32_t kFarthest = 1 << 28;
  if (!(eps >= 0 && eps <= 1)) {
    throw std::invalid_argument("eps: expected a number in [0, 1], got " + shown(eps));
  }
  std::vector<Box> all(static_cast<std::size_t>(count));
  for (ptrdiff_t i = 0; i < count; ++i) {
    const std::int32_t* const b = boxes + 4 * i;
    for (int k = 0; k < 4; ++k) {
      if (b[k] < (k < 2 ? -kFarthest : 0) || b[k] > kFarthest) {
        reject("boxes", i, "x, y and sides from 0 on, up to 2^28", b[k]);
      }
    }
    all[static_cast<std::size_t>(i)] = {b[0], b[1], b[2], b[3]};
  }
  std::vector<BoxGroup> kept;
  if (min_neighbors <= 0) {
    for (const Box& b : all) kept.push_back({b.x, b.y, b.width, b.height, 1});
    return kept;
  }
  std::vector<BoxGroup> groups = means(all, eps);
  groups.erase(std::remove_if(groups.begin(), groups.end(),
                              [&](const BoxGroup& g) { return g.count <= min_neighbors; }),
               groups.end());
  for (const BoxGroup& group : groups) {
    const bool hidden = std::any_of(groups.begin(), groups.end(), [&](const BoxGroup& other) {
      return &other != &group && inside(group, other, eps);
    });
    if (!hidden) kept.push_back(group);
  }
  return kept;
}

}  // namespace cvfast
