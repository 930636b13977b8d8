// Two eyes enlarged in place in a 1080p frame.
#include <algorithm>
#include <memory>

#include "bench.h"
#include "cvfast/warp.h"
#include "data.h"

#if defined(CVFAST_BENCH_OPENCV)
#include <opencv2/imgproc.hpp>
#endif
#if defined(CVFAST_BENCH_DLIB)
#include <dlib/image_transforms.h>
#endif

namespace {

using bench::Frame;

[[maybe_unused]] constexpr int kAllowedLevels = 2;  // OpenCV 4 samples at steps of 1/32 px

struct Disc {
  double x, y, radius, strength;

  // Where the pixel (x + dx, y + dy) takes its colour from, as a multiple of (dx, dy).
  float factor(float dx, float dy) const {
    const float from_rim = 1 - std::sqrt(dx * dx + dy * dy) / static_cast<float>(radius);
    const float inside = from_rim > 0 ? from_rim : 0;
    return 1 - static_cast<float>(strength) * inside * inside;
  }
  int left() const { return static_cast<int>(std::ceil(x - radius)); }
  int top() const { return static_cast<int>(std::ceil(y - radius)); }
  int right() const { return static_cast<int>(std::floor(x + radius)); }
  int bottom() const { return static_cast<int>(std::floor(y + radius)); }
};

std::vector<Disc> eyes(double radius) {
  return {{700.3, 500.6, radius, 0.4}, {1220.8, 510.2, radius, 0.4}};
}

void warp_ours(Frame& frame, const std::vector<Disc>& discs) {
  std::vector<double> centers, radii, strengths;
  for (const Disc& disc : discs) {
    centers.insert(centers.end(), {disc.x, disc.y});
    radii.push_back(disc.radius);
    strengths.push_back(disc.strength);
  }
  const auto count = static_cast<std::ptrdiff_t>(discs.size());
  const Frame& image = frame;
  cvfast::local_warp(
      image.view(), frame.view(),
      {cvfast::LocalWarp::scale, centers.data(), radii.data(), strengths.data(), count},
      bench::threads());
}

template <typename Warp>
void add_peer(const std::string& task, const std::string& who, const Frame& ours,
              const Frame& source, Warp warp) {
  const auto frame = std::make_shared<Frame>(source);
  warp(*frame);
  bench::expect_levels(task, who, ours.pixels, frame->pixels.data(), kAllowedLevels);
  bench::add(task, who, [frame, warp]() mutable { warp(*frame); });
}

#if defined(CVFAST_BENCH_OPENCV)
// Fills the maps of the disc's box, in coordinates of the box.
void build_maps(const Disc& disc, cv::Mat& map_x, cv::Mat& map_y) {
  const int width = disc.right() - disc.left() + 1, height = disc.bottom() - disc.top() + 1;
  map_x.create(height, width, CV_32F);
  map_y.create(height, width, CV_32F);
  const float cx = static_cast<float>(disc.x - disc.left());
  const float cy = static_cast<float>(disc.y - disc.top());
  for (int y = 0; y < height; ++y) {
    float* const to_x = map_x.ptr<float>(y);
    float* const to_y = map_y.ptr<float>(y);
    const float dy = static_cast<float>(y) - cy;
    for (int x = 0; x < width; ++x) {
      const float dx = static_cast<float>(x) - cx, factor = disc.factor(dx, dy);
      to_x[x] = cx + dx * factor;
      to_y[x] = cy + dy * factor;
    }
  }
}

struct EyeMaps {
  cv::Mat x, y, copy;  // kept from call to call, so that none allocates
};

void remap_region(Frame& frame, const Disc& disc, EyeMaps& maps) {
  cv::Mat whole(static_cast<int>(frame.height), static_cast<int>(frame.width), CV_8UC3,
                frame.pixels.data());
  cv::Mat region =
      whole(cv::Range(disc.top(), disc.bottom() + 1), cv::Range(disc.left(), disc.right() + 1));
  region.copyTo(maps.copy);
  cv::remap(maps.copy, region, maps.x, maps.y, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
}

void add_opencv(const std::string& task, const Frame& ours, const Frame& source,
                const std::vector<Disc>& discs) {
  std::vector<EyeMaps> built(discs.size());
  add_peer(task, "OpenCV region, map per call", ours, source, [discs, built](Frame& frame) mutable {
    for (std::size_t i = 0; i < discs.size(); ++i) {
      build_maps(discs[i], built[i].x, built[i].y);
      remap_region(frame, discs[i], built[i]);
    }
  });
  std::vector<EyeMaps> ready(discs.size());
  for (std::size_t i = 0; i < discs.size(); ++i) {
    cv::Mat map_x, map_y;
    build_maps(discs[i], map_x, map_y);
    cv::convertMaps(map_x, map_y, ready[i].x, ready[i].y, CV_16SC2);  // what cv::remap likes best
  }
  add_peer(task, "OpenCV region, free map", ours, source, [discs, ready](Frame& frame) mutable {
    for (std::size_t i = 0; i < discs.size(); ++i) remap_region(frame, discs[i], ready[i]);
  });
}
#endif

#if defined(CVFAST_BENCH_DLIB)
void add_dlib(const std::string& task, const Frame& ours, const Frame& source,
              const std::vector<Disc>& discs) {
  using Picture = dlib::array2d<dlib::rgb_pixel>;
  const auto frame = std::make_shared<Picture>(source.height, source.width);
  std::copy(source.pixels.begin(), source.pixels.end(),
            reinterpret_cast<std::uint8_t*>(dlib::image_data(*frame)));
  const auto copy = std::make_shared<Picture>();
  const auto warp = [frame, copy, discs] {
    for (const Disc& disc : discs) {
      const dlib::rectangle area(disc.left(), disc.top(), disc.right(), disc.bottom());
      dlib::assign_image(*copy, dlib::sub_image(*frame, area));
      const auto map = [&disc, &area](const dlib::dpoint& p) {
        const double dx = p.x() - disc.x, dy = p.y() - disc.y;
        const double factor = disc.factor(static_cast<float>(dx), static_cast<float>(dy));
        return dlib::dpoint(disc.x - static_cast<double>(area.left()) + dx * factor,
                            disc.y - static_cast<double>(area.top()) + dy * factor);
      };
      dlib::transform_image(*copy, *frame, dlib::interpolate_bilinear(), map, dlib::no_background(),
                            area);
    }
  };
  warp();
  bench::expect_levels(task, "dlib transform_image", ours.pixels,
                       reinterpret_cast<const std::uint8_t*>(dlib::image_data(*frame)),
                       kAllowedLevels);
  bench::add(task, "dlib transform_image", warp);
}
#endif

}  // namespace

void bench::add_cases() {
  const Frame source(1920, 1080);
  for (const int radius : {40, 80, 200}) {
    const std::string task = "warp/two eyes, R=" + std::to_string(radius);
    const std::vector<Disc> discs = eyes(radius);
    const auto frame = std::make_shared<Frame>(source);
    warp_ours(*frame, discs);
    [[maybe_unused]] const Frame once = *frame;
    add(task, "cvfast", [frame, discs] { warp_ours(*frame, discs); });
#if defined(CVFAST_BENCH_OPENCV)
    add_opencv(task, once, source, discs);
#endif
#if defined(CVFAST_BENCH_DLIB)
    add_dlib(task, once, source, discs);
#endif
  }
}
