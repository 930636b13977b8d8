#include "cvfast/warp.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "check.h"
#include "cvfast/parallel.h"
#include "kernels/kernels.h"
#include "pick.h"

namespace cvfast {

namespace {

constexpr double kLargestRadius = 131072;  // twice the longest side: float keeps 1/128 px there
constexpr double kLargestAngle = 1000;     // radians; the sine's argument reduction is good to here
constexpr double kDragLimit = 0.649519052838329;  // 3 sqrt 3 / 8

void check(const LocalWarps& warps) {
  const std::ptrdiff_t n = warps.count;
  check_finite("centers", warps.centers, n, 2);
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const double r = warps.radii[i];
    if (!(r > 0 && r <= kLargestRadius)) reject("radii", i, "a number in (0, 131072]", r);
    const double* p = warps.parameters + (warps.kind == LocalWarp::translate ? 2 * i : i);
    if (warps.kind == LocalWarp::scale && !(p[0] > -3 && p[0] < 1)) {
      reject("strengths", i, "a number in (-3, 1), where the warp has no fold", p[0]);
    }
    if (warps.kind == LocalWarp::rotate && !(std::abs(p[0]) <= kLargestAngle)) {
      reject("angles", i, "radians in [-1000, 1000]", p[0]);
    }
    if (warps.kind == LocalWarp::translate) {
      const double drag = std::hypot(p[0] - warps.centers[2 * i], p[1] - warps.centers[2 * i + 1]);
      if (!(drag < kDragLimit * r)) {
        throw std::invalid_argument(
            "targets[" + std::to_string(i) +
            "]: expected a point nearer to its centre than 3 sqrt(3) / 8 of the radius (" +
            shown(kDragLimit * r) + " px), where the warp has no fold, got one " + shown(drag) +
            " px away");
      }
    }
  }
}

struct Box {
  std::ptrdiff_t x0, y0, x1, y1;
  bool empty() const { return x0 >= x1 || y0 >= y1; }
};

Box disc_box(const double* center, double radius, std::ptrdiff_t width, std::ptrdiff_t height) {
  const auto clip = [](double value, std::ptrdiff_t most) {
    return static_cast<std::ptrdiff_t>(std::clamp(value, 0.0, static_cast<double>(most)));
  };
  return {clip(std::ceil(center[0] - radius), width), clip(std::ceil(center[1] - radius), height),
          clip(std::floor(center[0] + radius) + 1, width),
          clip(std::floor(center[1] + radius) + 1, height)};
}

// The bilinear taps of a point in a disc reach less than so far beyond its rim.
constexpr double kTapReach = 2;

// Discs that touch each other or each other's taps, directly or through others, and their box.
struct Group {
  std::vector<std::ptrdiff_t> members;  // in the caller's order
  Box box;
};

std::vector<Group> group_discs(const LocalWarps& warps, std::ptrdiff_t width,
                               std::ptrdiff_t height) {
  std::vector<Box> boxes;
  std::vector<std::ptrdiff_t> index;
  for (std::ptrdiff_t i = 0; i < warps.count; ++i) {
    const Box box = disc_box(warps.centers + 2 * i, warps.radii[i], width, height);
    if (box.empty()) continue;
    boxes.push_back(box);
    index.push_back(i);
  }
  std::vector<std::size_t> root(index.size());
  std::iota(root.begin(), root.end(), std::size_t{0});
  const auto find = [&root](std::size_t i) {
    while (root[i] != i) i = root[i] = root[root[i]];
    return i;
  };
  for (std::size_t i = 0; i < index.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double* a = warps.centers + 2 * index[i];
      const double* b = warps.centers + 2 * index[j];
      const double reach = warps.radii[index[i]] + warps.radii[index[j]] + kTapReach;
      if (std::hypot(a[0] - b[0], a[1] - b[1]) >= reach) continue;
      const std::size_t ri = find(i), rj = find(j);  // the earlier one stays the root
      root[std::max(ri, rj)] = std::min(ri, rj);
    }
  }
  std::vector<Group> groups;
  std::vector<std::size_t> place(index.size());
  for (std::size_t i = 0; i < index.size(); ++i) {
    const std::size_t r = find(i);
    if (r == i) {
      place[i] = groups.size();
      groups.push_back({{}, boxes[i]});
    }
    Group& group = groups[place[r]];
    group.members.push_back(index[i]);
    Box& box = group.box;
    box = {std::min(box.x0, boxes[i].x0), std::min(box.y0, boxes[i].y0),
           std::max(box.x1, boxes[i].x1), std::max(box.y1, boxes[i].y1)};
  }
  return groups;
}

struct Span {
  std::ptrdiff_t y, x0, x1;
};

// Per row, the merged runs of pixels inside at least one disc.
std::vector<Span> group_spans(const LocalWarps& warps, const Group& group, std::ptrdiff_t width) {
  std::vector<Span> spans, row;
  spans.reserve(static_cast<std::size_t>(group.box.y1 - group.box.y0));
  for (std::ptrdiff_t y = group.box.y0; y < group.box.y1; ++y) {
    row.clear();
    for (const std::ptrdiff_t i : group.members) {
      const double dy = static_cast<double>(y) - warps.centers[2 * i + 1];
      const double half2 = warps.radii[i] * warps.radii[i] - dy * dy;
      if (half2 <= 0) continue;
      const double half = std::sqrt(half2), x = warps.centers[2 * i];
      const double left = std::max(x - half, 0.0);
      const double right = std::min(x + half, static_cast<double>(width - 1));
      if (!(left <= right)) continue;
      auto x0 = static_cast<std::ptrdiff_t>(left);  // rounded up: std::ceil is slow without SSE4.1
      if (static_cast<double>(x0) < left) ++x0;
      const std::ptrdiff_t x1 = static_cast<std::ptrdiff_t>(right) + 1;
      if (x0 < x1) row.push_back({y, x0, x1});
    }
    if (row.size() > 1) {
      std::sort(row.begin(), row.end(), [](const Span& a, const Span& b) { return a.x0 < b.x0; });
    }
    for (const Span& span : row) {
      if (!spans.empty() && spans.back().y == y && span.x0 <= spans.back().x1) {
        spans.back().x1 = std::max(spans.back().x1, span.x1);
      } else {
        spans.push_back(span);
      }
    }
  }
  return spans;
}

std::vector<Disc> group_kernel_discs(const LocalWarps& warps, const Group& group, const Box& box) {
  std::vector<Disc> discs;
  for (const std::ptrdiff_t i : group.members) {
    const double x = warps.centers[2 * i], y = warps.centers[2 * i + 1], r = warps.radii[i];
    double p = 0, q = 0, reach = 0;
    if (warps.kind == LocalWarp::translate) {
      p = warps.parameters[2 * i] - x;
      q = warps.parameters[2 * i + 1] - y;
      reach = std::hypot(p, q);
    } else {
      p = warps.parameters[i];
      // r |a| (1 - r/R)^2 is largest at R/3; a rotation may carry a point across the disc.
      reach = warps.kind == LocalWarp::scale ? std::abs(p) * r * 4 / 27 : 2 * r;
    }
    discs.push_back({static_cast<float>(x - static_cast<double>(box.x0)),
                     static_cast<float>(y - static_cast<double>(box.y0)), static_cast<float>(r),
                     static_cast<float>(1 / r), static_cast<float>(r * r), static_cast<float>(p),
                     static_cast<float>(q), static_cast<float>(reach)});
  }
  return discs;
}

void run_span(const WarpKernels& kernels, const Source<std::uint8_t>& source, const DiscSpan& span,
              std::uint8_t* out) {
  kernels.span_u8(source, span, out);
}
void run_span(const WarpKernels& kernels, const Source<float>& source, const DiscSpan& span,
              float* out) {
  kernels.span_f32(source, span, out);
}

// Inverse maps keep to their disc, so a group reads only its box (one pixel more for the bilinear
// neighbour): a copy of the box is all that in-place work needs.
template <typename T>
void warp_group(const WarpKernels& kernels, ImageView<const T> image, ImageView<T> out,
                const LocalWarps& warps, const Group& group, int threads) {
  const Box box = {
      std::max<std::ptrdiff_t>(group.box.x0 - 1, 0), std::max<std::ptrdiff_t>(group.box.y0 - 1, 0),
      std::min(group.box.x1 + 1, image.width), std::min(group.box.y1 + 1, image.height)};
  const std::vector<Disc> discs = group_kernel_discs(warps, group, box);
  const std::vector<Span> spans = group_spans(warps, group, image.width);
  double area = 0;
  for (const Span& span : spans) area += static_cast<double>(span.x1 - span.x0);
  const double nanoseconds = area * (1.0 + 0.5 * static_cast<double>(discs.size()));
  const int count = threads_for(threads, nanoseconds);

  Source<T> source = {image.row(box.y0) + box.x0 * image.channels, box.x1 - box.x0, box.y1 - box.y0,
                      image.channels, image.row_stride};
  std::unique_ptr<T[]> copy;
  if (image.data == out.data) {
    const std::ptrdiff_t packed = source.width * source.channels;
    // Room at the end for the sampler's 8-byte loads.
    copy.reset(new T[static_cast<std::size_t>(packed * source.height) + 8]);
    parallel_for(source.height, count, [&](std::ptrdiff_t y) {
      std::memcpy(copy.get() + y * packed, source.data + y * source.row_stride,
                  static_cast<std::size_t>(packed) * sizeof(T));
    });
    source.data = copy.get();
    source.row_stride = packed;
  }
  parallel_for(static_cast<std::ptrdiff_t>(spans.size()), count, [&](std::ptrdiff_t i) {
    const Span& span = spans[static_cast<std::size_t>(i)];
    const DiscSpan job = {static_cast<int>(warps.kind),
                          discs.data(),
                          static_cast<std::ptrdiff_t>(discs.size()),
                          static_cast<float>(span.x0 - box.x0),
                          static_cast<float>(span.y - box.y0),
                          span.x1 - span.x0};
    run_span(kernels, source, job, out.row(span.y) + span.x0 * out.channels);
  });
}

// Tried and lost: stores that bypass the caches (1080p on its own .33 ms against .43, but .70 where
// another step used the memory before); the discs' rows last, to warp them from the cache (no
// gain).
template <typename T>
void copy_rows(ImageView<const T> image, ImageView<T> out, int threads) {
  const auto bytes = static_cast<std::size_t>(image.width * image.channels) * sizeof(T);
  if (image.data == out.data || bytes == 0) return;
  const double nanoseconds = 0.1 * static_cast<double>(bytes) * static_cast<double>(image.height);
  parallel_for(image.height, threads_for(threads, nanoseconds),
               [&](std::ptrdiff_t y) { std::memcpy(out.row(y), image.row(y), bytes); });
}

template <typename T>
void warp(ImageView<const T> image, ImageView<T> out, const LocalWarps& warps, int threads) {
  check(warps);  // before anything is written
  copy_rows(image, out, threads);
  const WarpKernels& kernels = CVFAST_PICK(warp_kernels);
  for (const Group& group : group_discs(warps, image.width, image.height)) {
    warp_group(kernels, image, out, warps, group, threads);
  }
}

}  // namespace

void local_warp(ImageView<const std::uint8_t> image, ImageView<std::uint8_t> out,
                const LocalWarps& warps, int threads) {
  warp(image, out, warps, threads);
}

void local_warp(ImageView<const float> image, ImageView<float> out, const LocalWarps& warps,
                int threads) {
  warp(image, out, warps, threads);
}

}  // namespace cvfast
