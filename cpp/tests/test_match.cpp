#include <cmath>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "cvfast/match.h"

namespace {

using Picture = std::vector<std::uint8_t>;
using View = cvfast::ImageView<const std::uint8_t>;

constexpr std::ptrdiff_t kWidth = 90, kHeight = 40, kSide = 7;

Picture noise(std::ptrdiff_t pixels) {
  Picture out;
  std::uint32_t state = 7;
  for (std::ptrdiff_t i = 0; i < pixels; ++i) {
    state = state * 1664525U + 1013904223U;
    out.push_back(static_cast<std::uint8_t>(state >> 24));
  }
  return out;
}

void a_window_matches_itself(bool masked) {
  const Picture picture = noise(kWidth * kHeight);
  const View image = {picture.data(), kWidth, kHeight, 1, kWidth};
  const View part = {picture.data() + 20 * kWidth + 33, kSide, kSide, 1, kWidth};
  const Picture mask = {1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1,
                        1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0};
  const std::ptrdiff_t across = kWidth - kSide + 1, down = kHeight - kSide + 1;
  std::vector<float> scores(static_cast<std::size_t>(across * down));
  cvfast::match_template(image, part, masked ? mask.data() : nullptr, scores.data(), 2);
  std::ptrdiff_t best = 0;
  for (std::ptrdiff_t i = 0; i < across * down; ++i) {
    const float score = scores[static_cast<std::size_t>(i)];
    CHECK(score >= -1.0F && score <= 1.0F);
    if (score > scores[static_cast<std::size_t>(best)]) best = i;
  }
  CHECK(best == 20 * across + 33);
  CHECK(std::abs(scores[static_cast<std::size_t>(best)] - 1.0F) < 1e-6F);
}

void flat_windows_score_nothing() {
  const Picture flat(kWidth * kHeight, 200), part = noise(kSide * kSide);
  std::vector<float> scores((kWidth - kSide + 1) * (kHeight - kSide + 1), 5.0F);
  cvfast::match_template({flat.data(), kWidth, kHeight, 1, kWidth},
                         {part.data(), kSide, kSide, 1, kSide}, nullptr, scores.data(), 1);
  for (const float score : scores) CHECK(score == 0.0F);
}

// The largest sums there are: they have to fit.
void white_on_white_fits() {
  constexpr std::ptrdiff_t side = cvfast::kLargestTemplate;
  Picture white(side * side, 255);
  white[5] = 0;
  float score = 0;
  const View image = {white.data(), side, side, 1, side};
  cvfast::match_template(image, image, nullptr, &score, 1);
  CHECK(std::abs(score - 1.0F) < 1e-6F);
  const Picture mask(side * side, 1);
  cvfast::match_template(image, image, mask.data(), &score, 1);
  CHECK(std::abs(score - 1.0F) < 1e-6F);
}

void what_cannot_be_matched_is_refused() {
  const Picture picture = noise(kWidth * kHeight), none(kSide * kSide, 0);
  const View image = {picture.data(), kWidth, kHeight, 1, kWidth};
  float score = 0;
  const auto refused = [&](View part, const std::uint8_t* mask) {
    try {
      cvfast::match_template(image, part, mask, &score, 1);
    } catch (const std::invalid_argument&) {
      return true;
    }
    return false;
  };
  CHECK(refused({picture.data(), 0, 3, 1, 0}, nullptr));
  CHECK(refused({picture.data(), kWidth + 1, 1, 1, 0}, nullptr));
  CHECK(refused({picture.data(), kSide, kSide, 1, kWidth}, none.data()));
}

}  // namespace

int main() {
  a_window_matches_itself(false);
  a_window_matches_itself(true);
  flat_windows_score_nothing();
  white_on_white_fits();
  what_cannot_be_matched_is_refused();
}
