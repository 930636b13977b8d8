// Any boxes, scores and thresholds: an exception, or distinct indices and overlaps in [0, 1].
#include <new>
#include <stdexcept>

#include "bytes.h"
#include "cvfast/nms.h"

namespace {

template <typename T>
std::vector<T> boxes_of(Bytes& bytes, std::ptrdiff_t count, bool ordered) {
  std::vector<T> boxes;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const double x = bytes.number(), y = bytes.number();
    const double w = bytes.number(), h = bytes.number();
    for (const double v : {x, y, ordered ? x + std::abs(w) : w, ordered ? y + std::abs(h) : h}) {
      boxes.push_back(static_cast<T>(v));
    }
  }
  return boxes;
}

void distinct(const std::vector<std::int64_t>& kept, std::ptrdiff_t n, std::ptrdiff_t count) {
  MUST(n >= 0 && n <= count);
  std::vector<bool> seen(static_cast<std::size_t>(count));
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const std::int64_t k = kept[static_cast<std::size_t>(i)];
    MUST(k >= 0 && k < count && !seen[static_cast<std::size_t>(k)]);
    seen[static_cast<std::size_t>(k)] = true;
  }
}

template <typename T, typename Score>
void run(Bytes bytes) {
  const std::ptrdiff_t count = bytes.below(80), others = bytes.below(40);
  const bool ordered = bytes.below(8) != 0;
  const std::vector<T> a = boxes_of<T>(bytes, count, ordered);
  const std::vector<T> b = boxes_of<T>(bytes, others, ordered);
  std::vector<Score> scores;
  std::vector<std::int64_t> classes, kept(static_cast<std::size_t>(count));
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    scores.push_back(static_cast<Score>(bytes.number() / 256));
    classes.push_back(bytes.below(4) - 1);
  }
  const double threshold = bytes.number() / 256;
  const int what = static_cast<int>(bytes.below(4));
  if (what == 0) {
    std::vector<T> out(static_cast<std::size_t>(count * others));
    cvfast::iou({a.data(), count}, {b.data(), others}, out.data());
    for (const T overlap : out) MUST(overlap >= 0 && overlap <= 1);
  } else if (what == 1) {
    const cvfast::SoftNms options = {bytes.flag(), bytes.number() / 64, threshold,
                                     bytes.number() / 4096};
    std::vector<Score> lowered(static_cast<std::size_t>(count));
    const std::ptrdiff_t n = cvfast::soft_nms(cvfast::Boxes<T>{a.data(), count}, scores.data(),
                                              options, kept.data(), lowered.data());
    distinct(kept, n, count);
  } else {
    const std::ptrdiff_t n =
        cvfast::nms(cvfast::Boxes<T>{a.data(), count}, scores.data(),
                    what == 2 ? nullptr : classes.data(), threshold, kept.data());
    distinct(kept, n, count);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  try {
    switch (bytes.below(4)) {
      case 0: run<float, float>(bytes); break;
      case 1: run<double, double>(bytes); break;
      case 2: run<float, double>(bytes); break;
      default: run<double, float>(bytes); break;
    }
  } catch (const std::invalid_argument& error) {
    MUST(std::strstr(error.what(), ": expected ") != nullptr);
  } catch (const std::bad_alloc&) {
  }
  return 0;
}
