// Non-maximum suppression, plain and soft. dlib has no counterpart: it suppresses inside its
// detectors, on integer rectangles that hold their last row and column.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "bench.h"
#include "cvfast/nms.h"
#include "data.h"

#if defined(CVFAST_BENCH_OPENCV)
#include <opencv2/dnn.hpp>
#endif

namespace {

constexpr double kThreshold = 0.5;
constexpr cvfast::SoftNms kGaussian = {true, 0.5, kThreshold, 1e-3};

struct Detections {
  std::vector<float> boxes, scores;  // x0, y0, x1, y1 each
  std::vector<std::int64_t> kept;    // what a call writes
  std::vector<float> lowered;

  std::ptrdiff_t count() const { return static_cast<std::ptrdiff_t>(scores.size()); }
  cvfast::Boxes<float> view() const { return {boxes.data(), count()}; }
};

// Boxes of 20 to 60 px, as benchmarks/workload.py makes them. Dense: twenty to an object. Sparse:
// on a plane that grows along, where nearly all stay. `whole`: integer corners, which OpenCV's soft
// NMS takes.
std::shared_ptr<Detections> detections(bool dense, int count, bool whole) {
  bench::Random random(13);
  const auto made = std::make_shared<Detections>();
  const double side = (dense ? 20 : 80) * std::sqrt(static_cast<double>(count));
  const int objects = std::max(1, count / 20);
  std::vector<double> centers;
  for (int i = 0; i < 2 * objects; ++i) centers.push_back(random.uniform(0, side));
  for (int i = 0; i < count; ++i) {
    const auto object = static_cast<std::size_t>(i % objects);
    double corner[2], size[2];
    for (std::size_t k = 0; k < 2; ++k) {
      corner[k] = dense ? centers[2 * object + k] + random.uniform(-7, 7) : random.uniform(0, side);
      size[k] = random.uniform(20, 60);
    }
    for (const double value : {corner[0], corner[1], corner[0] + size[0], corner[1] + size[1]}) {
      made->boxes.push_back(static_cast<float>(whole ? std::round(value) : value));
    }
    made->scores.push_back(static_cast<float>(random.uniform(0.05, 1)));
  }
  made->kept.resize(made->scores.size());
  made->lowered.resize(made->scores.size());
  return made;
}

#if defined(CVFAST_BENCH_OPENCV)
template <typename Rect>
std::vector<Rect> as_rects(const std::vector<float>& boxes) {
  using T = decltype(Rect::x);
  std::vector<Rect> rects;
  for (std::size_t i = 0; i < boxes.size(); i += 4) {
    const T x = static_cast<T>(boxes[i]), y = static_cast<T>(boxes[i + 1]);
    rects.emplace_back(x, y, static_cast<T>(boxes[i + 2]) - x, static_cast<T>(boxes[i + 3]) - y);
  }
  return rects;
}

void add_opencv(const std::string& task, const std::shared_ptr<Detections>& data,
                std::ptrdiff_t kept) {
  const char* const who = "OpenCV NMSBoxes";
  const auto rects = as_rects<cv::Rect2d>(data->boxes);
  const auto indices = std::make_shared<std::vector<int>>();
  const auto call = [data, rects, indices] {
    cv::dnn::NMSBoxes(rects, data->scores, 0, static_cast<float>(kThreshold), *indices);
  };
  call();
  if (!std::equal(indices->begin(), indices->end(), data->kept.begin(),
                  data->kept.begin() + kept)) {
    throw bench::Disagreement(task + ": " + who + " keeps " + std::to_string(indices->size()) +
                              " boxes, cvfast " + std::to_string(kept) + ", not the same ones");
  }
  bench::agreed(task, who, "the same " + std::to_string(kept) + " indices");
  bench::add(task, who, call);
}

// OpenCV lowers scores in float, ours in double: the same boxes but for scores near the threshold.
void add_opencv_soft(const std::string& task, const std::shared_ptr<Detections>& data,
                     std::ptrdiff_t kept) {
  const char* const who = "OpenCV softNMSBoxes";
  const auto rects = as_rects<cv::Rect>(data->boxes);
  const auto indices = std::make_shared<std::vector<int>>();
  const auto lowered = std::make_shared<std::vector<float>>();
  const auto call = [data, rects, indices, lowered] {
    cv::dnn::softNMSBoxes(rects, data->scores, *lowered,
                          static_cast<float>(kGaussian.score_threshold),
                          static_cast<float>(kGaussian.iou_threshold), *indices, 0,
                          static_cast<float>(kGaussian.sigma));
  };
  call();
  std::vector<float> theirs(data->scores.size()), ours(data->scores.size());  // 0: dropped
  for (std::size_t i = 0; i < indices->size(); ++i) {
    theirs[static_cast<std::size_t>((*indices)[i])] = (*lowered)[i];
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(kept); ++i) {
    ours[static_cast<std::size_t>(data->kept[i])] = data->lowered[i];
  }
  double apart = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double least = kGaussian.score_threshold * 1.001;
    if (ours[i] < least && theirs[i] < least) continue;
    apart =
        std::max(apart, std::abs(static_cast<double>(ours[i]) - static_cast<double>(theirs[i])));
  }
  bench::expect_near(task, who, apart, 1e-5, "in any score");
  bench::add(task, who, call);
}
#endif

void add_plain(bool dense, int count) {
  const std::string task =
      std::string("nms/") + (dense ? "dense " : "sparse ") + std::to_string(count);
  const auto data = detections(dense, count, false);
  const auto call = [data] {
    return cvfast::nms(data->view(), data->scores.data(), nullptr, kThreshold, data->kept.data());
  };
  [[maybe_unused]] const std::ptrdiff_t kept = call();
  bench::add(task, "cvfast", call);
#if defined(CVFAST_BENCH_OPENCV)
  add_opencv(task, data, kept);
#endif
}

void add_soft(bool dense, int count) {
  const std::string task =
      std::string("nms/soft, ") + (dense ? "dense " : "sparse ") + std::to_string(count);
  const auto data = detections(dense, count, true);
  const auto call = [data] {
    return cvfast::soft_nms(data->view(), data->scores.data(), kGaussian, data->kept.data(),
                            data->lowered.data());
  };
  [[maybe_unused]] const std::ptrdiff_t kept = call();
  bench::add(task, "cvfast", call);
#if defined(CVFAST_BENCH_OPENCV)
  add_opencv_soft(task, data, kept);
#endif
}

}  // namespace

void bench::add_cases() {
  for (const bool dense : {true, false}) {
    for (const int count : {100, 1000, 10000}) add_plain(dense, count);
    for (const int count : {100, 1000, 3000}) add_soft(dense, count);
  }
}
