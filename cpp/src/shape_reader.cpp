// dlib's way to save a shape_predictor: whole numbers as a length byte (its top bit the sign) and
// so many bytes, low ones first; reals as mantissa and exponent of 2; lists behind their length.
#include <cmath>
#include <stdexcept>
#include <string>

#include "cvfast/trees.h"

namespace cvfast {

namespace {

constexpr std::int64_t kMostPoints = 4096, kMostStages = 1000, kMostTrees = 100000;
constexpr std::int64_t kMostFeatures = 65536, kMostDepth = 12;
constexpr std::int64_t kFarthestExponent = 2000;  // infinity and NaN are told by larger ones

class Reader {
 public:
  Reader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  [[noreturn]] void fail(const std::string& why) const {
    throw std::invalid_argument("shape_predictor, byte " + std::to_string(at_) + ": " + why);
  }

  std::int64_t integer(const char* what) {
    if (at_ >= size_) fail(std::string("expected ") + what + ", got the end of the file");
    const std::uint8_t head = data_[at_];
    const std::size_t length = head & 15u;
    if ((head & 0x70u) != 0 || length < 1 || length > 8) {
      fail(std::string("expected ") + what + ", got no number of dlib's binary format");
    }
    if (length > size_ - at_ - 1) fail(std::string("the file ends in ") + what);
    std::uint64_t value = 0;
    for (std::size_t i = length; i > 0; --i) value = value << 8 | data_[at_ + i];
    if (value >> 63 != 0) fail(std::string(what) + " is out of range");
    at_ += 1 + length;
    const auto magnitude = static_cast<std::int64_t>(value);
    return (head & 0x80u) != 0 ? -magnitude : magnitude;
  }

  // A number of things that take at least `bytes` each: no more than the file can hold.
  std::ptrdiff_t count(const char* what, std::int64_t least, std::int64_t most, std::size_t bytes) {
    return checked(what, integer(what), least, most, bytes);
  }

  std::ptrdiff_t checked(const char* what, std::int64_t got, std::int64_t least, std::int64_t most,
                         std::size_t bytes) const {
    if (got < least || got > most) {
      fail(std::string(what) + ": expected " + std::to_string(least) + " to " +
           std::to_string(most) + ", got " + std::to_string(got));
    }
    if (static_cast<std::uint64_t>(got) > (size_ - at_) / bytes) {
      fail(std::string(what) + ": the file is too short for " + std::to_string(got));
    }
    return static_cast<std::ptrdiff_t>(got);
  }

  void same(const char* what, std::ptrdiff_t expected) {
    const std::int64_t got = integer(what);
    if (got != expected) {
      fail(std::string(what) + ": expected " + std::to_string(expected) + " as before, got " +
           std::to_string(got));
    }
  }

  std::int32_t index(const char* what, std::ptrdiff_t below) {
    return static_cast<std::int32_t>(count(what, 0, below - 1, 1));
  }

  float real(const char* what) {
    const std::int64_t mantissa = integer(what), exponent = integer(what);
    if (exponent < -kFarthestExponent || exponent > kFarthestExponent) {
      fail(std::string(what) + ": expected finite numbers");
    }
    const double value = std::ldexp(static_cast<double>(mantissa), static_cast<int>(exponent));
    const float narrow = static_cast<float>(value);
    if (!std::isfinite(narrow)) fail(std::string(what) + ": expected finite numbers");
    return narrow;
  }

  // A column of a matrix; newer files tell its sides as negative numbers.
  std::ptrdiff_t column(const char* what) {
    const std::int64_t rows = integer(what), columns = integer(what);
    const bool newer = rows < 0 || columns < 0;
    if ((newer ? -columns : columns) != 1) fail(std::string(what) + ": expected one column");
    return checked(what, newer ? -rows : rows, 2, 2 * kMostPoints, 4);
  }

  bool at_end() const { return at_ == size_; }

 private:
  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
};

// The first tree tells the depth of all.
void read_tree(Reader& in, ShapeModel& m) {
  const std::ptrdiff_t splits =
      in.count("splits of a tree", 1, (std::int64_t{1} << kMostDepth) - 1, 6);
  if (m.depth == 0) {
    while (m.splits() < splits) ++m.depth;
  }
  if (splits != m.splits()) {
    in.fail("splits of a tree: expected all trees complete and of one depth, got " +
            std::to_string(splits));
  }
  for (std::ptrdiff_t i = 0; i < splits; ++i) {
    // How many features there are is told at the end only.
    m.pixels.push_back(in.index("pixel of a split", kMostFeatures));
    m.pixels.push_back(in.index("pixel of a split", kMostFeatures));
    m.thresholds.push_back(in.real("threshold"));
  }
  in.same("leaves of a tree", splits + 1);
  for (std::ptrdiff_t i = 0; i <= splits; ++i) {
    if (in.column("leaf") != 2 * m.points) {
      in.fail("leaf: expected " + std::to_string(2 * m.points) + " numbers, as the shape has");
    }
    for (std::ptrdiff_t k = 0; k < 2 * m.points; ++k) m.leaves.push_back(in.real("leaf"));
  }
}

void read_forests(Reader& in, ShapeModel& m) {
  m.stages = in.count("stages", 1, kMostStages, 1);
  for (std::ptrdiff_t s = 0; s < m.stages; ++s) {
    if (s == 0) {
      m.trees = in.count("trees of a stage", 1, kMostTrees, 16);
    } else {
      in.same("trees of a stage", m.trees);
    }
    for (std::ptrdiff_t t = 0; t < m.trees; ++t) read_tree(in, m);
  }
}

void read_features(Reader& in, ShapeModel& m) {
  in.same("stages of anchors", m.stages);
  for (std::ptrdiff_t s = 0; s < m.stages; ++s) {
    if (s == 0) {
      m.features = in.count("pixels of a stage", 1, kMostFeatures, 2);
    } else {
      in.same("pixels of a stage", m.features);
    }
    for (std::ptrdiff_t i = 0; i < m.features; ++i) {
      m.anchors.push_back(in.index("anchor", m.points));
    }
  }
  in.same("stages of pixels", m.stages);
  for (std::ptrdiff_t s = 0; s < m.stages; ++s) {
    in.same("pixels of a stage", m.features);
    for (std::ptrdiff_t i = 0; i < 2 * m.features; ++i) m.deltas.push_back(in.real("pixel"));
  }
  for (const std::int32_t pixel : m.pixels) {
    if (pixel >= m.features) {
      in.fail("pixel of a split: expected 0 to " + std::to_string(m.features - 1) + ", got " +
              std::to_string(pixel));
    }
  }
}

}  // namespace

ShapeModel read_shape_predictor(const std::uint8_t* data, std::size_t size) {
  Reader in(data, size);
  const std::int64_t version = in.integer("version");
  if (version != 1) in.fail("version: expected 1, got " + std::to_string(version));
  ShapeModel m;
  const std::ptrdiff_t length = in.column("initial shape");
  if (length % 2 != 0) in.fail("initial shape: expected pairs of numbers");
  m.points = length / 2;
  for (std::ptrdiff_t k = 0; k < length; ++k) m.initial.push_back(in.real("initial shape"));
  read_forests(in, m);
  read_features(in, m);
  if (!in.at_end()) in.fail("expected the end of the file, got more");
  check_shape_model(m);
  return m;
}

}  // namespace cvfast
