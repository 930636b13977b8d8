// Any file as dlib's shape_predictor: an exception, or trees that run on any picture and frame.
#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "bytes.h"
#include "cvfast/trees.h"

namespace {

// The first byte tells how many of the others are the frame and the picture; the rest is the file.
void run(const std::uint8_t* data, std::size_t size) {
  const std::size_t asked = size > 0 ? data[0] % 32u : 0;
  const std::size_t start = std::min(size, 1 + asked);
  cvfast::ShapeModel model = cvfast::read_shape_predictor(data + start, size - start);
  Bytes bytes(data, start);
  bytes.byte();
  const std::ptrdiff_t width = 1 + bytes.below(20), height = 1 + bytes.below(20);
  const std::ptrdiff_t channels = bytes.flag() ? 3 : 1;
  const Pixels<std::uint8_t> image(width, height, channels, width * channels + bytes.below(3),
                                   bytes.flag());
  const std::vector<double> frame = bytes.numbers(4);
  const std::size_t length = model.initial.size();
  const cvfast::ShapePredictor predictor(std::move(model));
  std::vector<double> out(length);
  predictor.fit({image.first(), width, height, channels, image.stride}, frame.data(), nullptr, 1,
                bytes.flag(), out.data(), 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    run(data, size);
  } catch (const std::invalid_argument& error) {
    MUST(std::strlen(error.what()) > 10);
  } catch (const std::bad_alloc&) {
  }
  return 0;
}
