// A picture warped by 68 points that move by up to 1 % of its height, as landmarks of a face do.
// dlib has no thin-plate spline: its transform_image stands beside cv::remap, both with a free map.
#include <algorithm>
#include <memory>

#include "bench.h"
#include "cvfast/tps.h"
#include "data.h"
#include "spline.h"

#if defined(CVFAST_BENCH_OPENCV)
#include <opencv2/imgproc.hpp>
#endif
#if defined(CVFAST_BENCH_OPENCV_SHAPE)
#include <opencv2/shape/shape_transformer.hpp>
#endif
#if defined(CVFAST_BENCH_DLIB)
#include <dlib/image_transforms.h>
#endif

namespace {

using bench::FittedSpline;
using bench::Frame;

constexpr std::ptrdiff_t kPoints = 68;
[[maybe_unused]] constexpr int kAllowedLevels = 2;

// Content at the source points lands on the target points.
struct Task {
  Frame image;
  std::vector<double> source, target;
  std::unique_ptr<FittedSpline> spline;  // from target to source
  std::vector<float> map_x, map_y;       // where each pixel comes from

  Task(std::ptrdiff_t width, std::ptrdiff_t height) : image(width, height) {
    bench::Random random(11);
    const auto w = static_cast<double>(width), h = static_cast<double>(height);
    for (std::ptrdiff_t i = 0; i < kPoints; ++i) {
      source.push_back(w * random.uniform(0.2, 0.8));
      source.push_back(h * random.uniform(0.2, 0.8));
    }
    for (const double value : source) target.push_back(value + h * random.uniform(-0.01, 0.01));
    spline = std::make_unique<FittedSpline>(target.data(), source.data(), kPoints);
    fill_maps();
  }

  void fill_maps() {
    const std::ptrdiff_t w = image.width, h = image.height;
    std::vector<float> away(static_cast<std::size_t>(w * h * 2));
    cvfast::tps_displacement(spline->view(), away.data(), w, h, 1, bench::threads());
    for (std::ptrdiff_t i = 0; i < w * h; ++i) {
      const float* const d = away.data() + 2 * i;
      map_x.push_back(static_cast<float>(i % w) + d[0]);
      map_y.push_back(static_cast<float>(i / w) + d[1]);
    }
  }
};

void warp_ours(const Task& task, bool exact, std::vector<std::uint8_t>& out) {
  const std::ptrdiff_t w = task.image.width, h = task.image.height;
  cvfast::tps_warp(task.spline->view(), task.image.view(), {out.data(), w, h, 3, 3 * w}, exact,
                   bench::threads());
}

#if defined(CVFAST_BENCH_OPENCV)
cv::Mat as_mat(const Frame& frame) {
  return cv::Mat(static_cast<int>(frame.height), static_cast<int>(frame.width), CV_8UC3,
                 const_cast<std::uint8_t*>(frame.pixels.data()));
}

void add_remap(const std::string& name, const std::shared_ptr<Task>& task,
               const std::vector<std::uint8_t>& ours) {
  const char* const who = "OpenCV remap alone, free map";
  const auto out = std::make_shared<cv::Mat>();
  const auto warp = [task, out] {
    const cv::Mat image = as_mat(task->image);
    const cv::Mat map_x(image.size(), CV_32F, task->map_x.data());
    const cv::Mat map_y(image.size(), CV_32F, task->map_y.data());
    cv::remap(image, *out, map_x, map_y, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  };
  warp();
  bench::expect_levels(name, who, ours, out->data, kAllowedLevels);
  bench::add(name, who, warp);
}
#endif

#if defined(CVFAST_BENCH_OPENCV_SHAPE)
// OpenCV solves for its spline in float and in pixels, and so misses by parts of a pixel: compared
// by the mean.
void add_opencv_spline(const std::string& name, const std::shared_ptr<Task>& task,
                       const std::vector<std::uint8_t>& ours) {
  const char* const who = "OpenCV ThinPlateSpline";
  std::vector<cv::Point2f> source, target;
  std::vector<cv::DMatch> pairs;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const auto point = [i](const std::vector<double>& from) {
      return cv::Point2f(static_cast<float>(from[2 * i]), static_cast<float>(from[2 * i + 1]));
    };
    source.push_back(point(task->source));
    target.push_back(point(task->target));
    pairs.emplace_back(static_cast<int>(i), static_cast<int>(i), 0.f);
  }
  const auto spline = cv::createThinPlateSplineShapeTransformer();
  spline->estimateTransformation(target, source, pairs);
  const auto out = std::make_shared<cv::Mat>();
  const auto warp = [task, spline, out] {
    spline->warpImage(as_mat(task->image), *out, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  };
  warp();
  double apart = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) apart += std::abs(ours[i] - out->data[i]);
  bench::expect_near(name, who, apart / static_cast<double>(ours.size()), 0.5, "levels on average");
  bench::add(name, who, warp);
}
#endif

#if defined(CVFAST_BENCH_DLIB)
void add_dlib(const std::string& name, const std::shared_ptr<Task>& task,
              std::vector<std::uint8_t> ours) {
  using Picture = dlib::array2d<dlib::rgb_pixel>;
  const char* const who = "dlib transform_image, free map";
  const std::ptrdiff_t w = task->image.width, h = task->image.height;
  const auto image = std::make_shared<Picture>(h, w), out = std::make_shared<Picture>(h, w);
  const auto& pixels = task->image.pixels;
  std::copy(pixels.begin(), pixels.end(),
            reinterpret_cast<std::uint8_t*>(dlib::image_data(*image)));
  const auto warp = [task, image, out, w] {
    const auto map = [&task, w](const dlib::dpoint& p) {
      const auto i = static_cast<std::size_t>(p.y()) * static_cast<std::size_t>(w) +
                     static_cast<std::size_t>(p.x());
      return dlib::dpoint(task->map_x[i], task->map_y[i]);
    };
    dlib::transform_image(*image, *out, dlib::interpolate_bilinear(), map);
  };
  warp();
  const auto* const theirs = reinterpret_cast<const std::uint8_t*>(dlib::image_data(*out));
  for (std::size_t i = 0; i < ours.size() / 3; ++i) {  // outside the picture dlib gives black
    const float x = task->map_x[i], y = task->map_y[i];
    if (x < 0 || y < 0 || x >= static_cast<float>(w - 1) || y >= static_cast<float>(h - 1)) {
      std::copy_n(theirs + 3 * i, 3, ours.begin() + static_cast<std::ptrdiff_t>(3 * i));
    }
  }
  bench::expect_levels(name, who, ours, theirs, kAllowedLevels);
  bench::add(name, who, warp);
}
#endif

}  // namespace

void bench::add_cases() {
  for (const auto& [width, height] : {std::pair(512, 384), std::pair(1920, 1080)}) {
    const auto task = std::make_shared<Task>(width, height);
    for (const bool exact : {false, true}) {
      const std::string name = "tps/" + std::to_string(width) + "x" + std::to_string(height) +
                               ", 68 points" + (exact ? ", exact" : "");
      const auto ours = std::make_shared<std::vector<std::uint8_t>>(task->image.pixels.size());
      add(name, "cvfast", [task, exact, ours] { warp_ours(*task, exact, *ours); });
#if defined(CVFAST_BENCH_OPENCV)
      add_remap(name, task, *ours);
#endif
#if defined(CVFAST_BENCH_OPENCV_SHAPE)
      if (exact) add_opencv_spline(name, task, *ours);
#endif
#if defined(CVFAST_BENCH_DLIB)
      add_dlib(name, task, *ours);
#endif
    }
  }
}
