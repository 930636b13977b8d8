// The best cut of a feature. Sums are whole numbers, so that no width of registers changes them.
// Tried and lost: 16 features side by side with gathers, which were slower on the machine of the
// benchmarks (those that guard against Downfall gather one element after the other).
#include "boost_kernels.h"

namespace cvfast::CVFAST_ISA {

namespace {

constexpr unsigned kNumber = kBoostCut - 1;
constexpr std::ptrdiff_t kPiece = 256;  // sums kept near at a time, whole groups of kGroup

// -1 where a cut may follow, else 0.
inline std::int32_t may_cut(std::uint16_t entry) { return -static_cast<std::int32_t>(entry >> 15); }

// (L - l c)^2 / (l (total - l)) of sums that the low and the high half of `both` hold, in the high
// half one too little where the low one is under 0.
inline float part(std::int64_t both, std::int32_t total, float c, std::uint16_t entry) {
  const auto signs = static_cast<std::int32_t>(both);
  const auto weights = static_cast<std::int32_t>(both >> 32) + (signs < 0 ? 1 : 0);
  const std::int32_t rest = total - weights;
  const float left = static_cast<float>(weights), right = static_cast<float>(rest);
  const float d = static_cast<float>(signs) - left * c;
  const float product = left * right;
  const bool may = (may_cut(entry) != 0) & (weights > 0) & (rest > 0);
  return may ? d * d / (product > 0 ? product : 1.0F) : 0.0F;
}

}  // namespace

void boost_extremes(const std::uint16_t* order, std::ptrdiff_t n, const std::int32_t* signs,
                    std::int32_t* least, std::int32_t* most) {
  std::int32_t sums[kPiece], sum = 0, low = 0, high = 0;
  for (std::ptrdiff_t start = 0; start < n; start += kPiece) {
    const std::uint16_t* const piece = order + start;
    const std::ptrdiff_t held = n - start < kPiece ? n - start : kPiece;
    for (std::ptrdiff_t i = 0; i < held; ++i) {
      sum += signs[piece[i] & kNumber];
      sums[i] = sum;
    }
    for (std::ptrdiff_t i = 0; i < held; ++i) {
      const std::int32_t seen = sums[i] & may_cut(piece[i]);  // 0 is among the sums anyway
      low = seen < low ? seen : low;
      high = seen > high ? seen : high;
    }
  }
  *least = low;
  *most = high;
}

void boost_explained(const std::uint16_t* order, std::ptrdiff_t n, const std::int64_t* pairs,
                     std::int32_t total, float c, float* most) {
  std::int64_t sums[kPiece], sum = 0;
  float gains[kPiece], best[kGroup] = {};
  for (std::ptrdiff_t start = 0; start < n; start += kPiece) {
    const std::uint16_t* const piece = order + start;
    const std::ptrdiff_t held = n - start < kPiece ? n - start : kPiece;
    for (std::ptrdiff_t i = 0; i < held; ++i) {
      sum += pairs[piece[i] & kNumber];
      sums[i] = sum;
    }
    for (std::ptrdiff_t i = 0; i < held; ++i) gains[i] = part(sums[i], total, c, piece[i]);
    for (std::ptrdiff_t i = held; i < whole_groups(held); ++i) gains[i] = 0;
    for (std::ptrdiff_t i = 0; i < held; i += kGroup) {
      for (std::ptrdiff_t k = 0; k < kGroup; ++k) {
        best[k] = gains[i + k] > best[k] ? gains[i + k] : best[k];
      }
    }
  }
  float result = 0;
  for (std::ptrdiff_t k = 0; k < kGroup; ++k) result = best[k] > result ? best[k] : result;
  *most = result;
}

}  // namespace cvfast::CVFAST_ISA
