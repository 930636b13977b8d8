// Projections from and to uint8: pictures to scores, scores to pictures.
#include <algorithm>
#include <cmath>
#include <memory>

#include "bench.h"
#include "cvfast/pca.h"
#include "data.h"

#if defined(CVFAST_BENCH_OPENCV)
#include <opencv2/core.hpp>
#endif
#if defined(CVFAST_BENCH_DLIB)
#include <dlib/matrix.h>
#endif

namespace {

[[maybe_unused]] constexpr double kAllowedScores = 1e-5;  // of the largest: float sums in any order
[[maybe_unused]] constexpr int kAllowedLevels = 1;

// Components of unit length, as good as orthogonal, and the pictures of uniform scores.
struct Model {
  std::ptrdiff_t rows, columns, kept;
  std::vector<float> components;
  std::vector<double> mean;
  std::vector<std::uint8_t> pictures;
  std::vector<float> scores;
  std::unique_ptr<const cvfast::Projection> projection;

  Model(std::ptrdiff_t n, std::ptrdiff_t d, std::ptrdiff_t k) : rows(n), columns(d), kept(k) {
    bench::Random random(17);
    const double unit = std::sqrt(3.0 / static_cast<double>(d));
    const auto fill = [&random](auto& values, std::ptrdiff_t count, double low, double high) {
      using T = std::decay_t<decltype(values[0])>;
      values.resize(static_cast<std::size_t>(count));
      for (auto& value : values) value = static_cast<T>(random.uniform(low, high));
    };
    fill(components, k * d, -unit, unit);
    fill(mean, d, 100, 150);
    fill(pictures, n * d, 0, 256);
    fill(scores, n * k, -300, 300);
    projection = std::make_unique<const cvfast::Projection>(component_rows(), mean.data());
  }

  cvfast::Samples<float> component_rows() const {
    return {components.data(), kept, columns, columns};
  }
  std::string size() const {
    return std::to_string(rows) + "x" + std::to_string(columns) + ", " + std::to_string(kept);
  }
};

using Scores = std::vector<float>;
using Pictures = std::vector<std::uint8_t>;

// Unused, as are others here, where no peer was found.
[[maybe_unused]] void expect_scores(const std::string& task, const std::string& who,
                                    const Scores& ours, const float* theirs) {
  float largest = 0, apart = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    largest = std::max(largest, std::abs(ours[i]));
    apart = std::max(apart, std::abs(ours[i] - theirs[i]));
  }
  bench::expect_near(task, who, static_cast<double>(apart / largest), kAllowedScores,
                     "of the largest score");
}

#if defined(CVFAST_BENCH_OPENCV)
template <typename T>
cv::Mat as_mat(const std::vector<T>& values, std::ptrdiff_t rows) {
  const auto columns = static_cast<std::ptrdiff_t>(values.size()) / rows;
  return cv::Mat(static_cast<int>(rows), static_cast<int>(columns), cv::DataType<T>::type,
                 const_cast<T*>(values.data()));
}

cv::PCA as_pca(const Model& model) {
  cv::PCA pca;
  pca.eigenvectors = as_mat(model.components, model.kept);
  as_mat(model.mean, 1).convertTo(pca.mean, CV_32F);
  return pca;
}

void add_opencv_transform(const std::string& task, const std::shared_ptr<Model>& model,
                          const Scores& ours) {
  const auto out = std::make_shared<cv::Mat>();
  const auto call = [model, out, pca = as_pca(*model)] {
    pca.project(as_mat(model->pictures, model->rows), *out);
  };
  call();
  expect_scores(task, "OpenCV PCA", ours, out->ptr<float>());
  bench::add(task, "OpenCV PCA", call);
}

void add_opencv_inverse(const std::string& task, const std::shared_ptr<Model>& model,
                        const Pictures& ours) {
  const auto floats = std::make_shared<cv::Mat>(), out = std::make_shared<cv::Mat>();
  const auto call = [model, floats, out, pca = as_pca(*model)] {
    pca.backProject(as_mat(model->scores, model->rows), *floats);
    floats->convertTo(*out, CV_8U);
  };
  call();
  bench::expect_levels(task, "OpenCV PCA", ours, out->data, kAllowedLevels);
  bench::add(task, "OpenCV PCA", call);
}
#endif

#if defined(CVFAST_BENCH_DLIB)
// dlib's own PCA, vector_normalizer_pca, takes one row of doubles at a time and scales the scores
// by their deviation: its matrix product is the nearest thing to ours. The mean's share of the
// scores, computed once, comes off each row.
using Floats = dlib::matrix<float>;

std::shared_ptr<Floats> dlib_components(const Model& model) {
  return std::make_shared<Floats>(dlib::mat(model.components.data(), model.kept, model.columns));
}

Floats dlib_mean(const Model& model) {
  return dlib::matrix_cast<float>(dlib::mat(model.mean.data(), 1, model.columns));
}

void add_dlib_transform(const std::string& task, const std::shared_ptr<Model>& model,
                        const Scores& ours) {
  const char* const who = "dlib matrix product";
  const auto components = dlib_components(*model);
  const auto out = std::make_shared<Floats>(), floats = std::make_shared<Floats>();
  const Floats share = dlib_mean(*model) * dlib::trans(*components);
  const auto call = [model, components, out, floats, share] {
    *floats =
        dlib::matrix_cast<float>(dlib::mat(model->pictures.data(), model->rows, model->columns));
    *out = *floats * dlib::trans(*components);
    for (long i = 0; i < out->nr(); ++i) dlib::set_rowm(*out, i) = dlib::rowm(*out, i) - share;
  };
  call();
  expect_scores(task, who, ours, &(*out)(0, 0));
  bench::add(task, who, call);
}

void add_dlib_inverse(const std::string& task, const std::shared_ptr<Model>& model,
                      const Pictures& ours) {
  const char* const who = "dlib matrix product";
  const auto components = dlib_components(*model);
  const auto floats = std::make_shared<Floats>();
  const auto out = std::make_shared<Pictures>(model->pictures.size());
  const auto call = [model, components, floats, out, mean = dlib_mean(*model)] {
    *floats = dlib::mat(model->scores.data(), model->rows, model->kept) * *components;
    const float* from = &(*floats)(0, 0);
    const float* const means = &mean(0, 0);
    std::uint8_t* to = out->data();
    for (std::ptrdiff_t i = 0; i < model->rows; ++i) {
      for (std::ptrdiff_t j = 0; j < model->columns; ++j) {
        const float value = *from++ + means[j] + 0.5f;
        *to++ = static_cast<std::uint8_t>(value < 0 ? 0.f : value > 255 ? 255.f : value);
      }
    }
  };
  call();
  bench::expect_levels(task, who, ours, out->data(), kAllowedLevels);
  bench::add(task, who, call);
}
#endif

void add_transform(const std::shared_ptr<Model>& model) {
  const std::string task = "pca/transform " + model->size();
  const auto out = std::make_shared<Scores>(model->scores.size());
  bench::add(task, "cvfast", [model, out] {
    const cvfast::Samples<std::uint8_t> pictures = {model->pictures.data(), model->rows,
                                                    model->columns, model->columns};
    model->projection->transform(pictures, out->data(), bench::threads());
  });
#if defined(CVFAST_BENCH_OPENCV)
  add_opencv_transform(task, model, *out);
#endif
#if defined(CVFAST_BENCH_DLIB)
  add_dlib_transform(task, model, *out);
#endif
}

void add_inverse(const std::shared_ptr<Model>& model) {
  const std::string task = "pca/inverse to uint8 " + model->size();
  const auto out = std::make_shared<Pictures>(model->pictures.size());
  bench::add(task, "cvfast", [model, out] {
    cvfast::reconstruct({model->scores.data(), model->rows, model->kept, model->kept},
                        model->component_rows(), model->mean.data(), out->data(), bench::threads());
  });
#if defined(CVFAST_BENCH_OPENCV)
  add_opencv_inverse(task, model, *out);
#endif
#if defined(CVFAST_BENCH_DLIB)
  add_dlib_inverse(task, model, *out);
#endif
}

}  // namespace

void bench::add_cases() {
  const std::ptrdiff_t sizes[][3] = {
      {1, 16384, 150}, {32, 16384, 150}, {400, 4096, 100}, {2000, 2914, 150}, {2000, 16384, 150}};
  for (const auto& [rows, columns, kept] : sizes) {
    const auto model = std::make_shared<Model>(rows, columns, kept);
    add_transform(model);
    add_inverse(model);
  }
}
