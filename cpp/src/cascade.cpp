#include "cvfast/cascade.h"

#include <algorithm>

#include "arena.h"
#include "cascade_model.h"
#include "cvfast/parallel.h"
#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

constexpr double kNanosecondsPixel = 8;

}  // namespace

Cascade::Cascade(const CascadeArrays& arrays)
    : model_(std::make_unique<const CascadeModel>(arrays)) {}
Cascade::~Cascade() = default;

std::int32_t Cascade::width() const { return model_->width(); }
std::int32_t Cascade::height() const { return model_->height(); }
std::int32_t Cascade::stages() const { return model_->stages(); }

void Cascade::stages_passed(const std::uint8_t* pictures, ptrdiff_t count, std::int32_t* passed,
                            int requested) const {
  const ptrdiff_t width = model_->width(), height = model_->height(), pixels = width * height;
  const ptrdiff_t plane = (width + 1) * (height + 1) * kPatches;
  const ptrdiff_t squares = model_->lbp() ? 0 : plane, tilted = model_->tilted() ? plane : 0;
  const CascadeLaidOut laid_out(*model_, {(width + 1) * kPatches, 0, kPatches, plane, 2 * plane});
  const ptrdiff_t groups = (count + kPatches - 1) / kPatches;
  const int threads = static_cast<int>(std::min<ptrdiff_t>(
      threads_for(requested, kNanosecondsPixel * static_cast<double>(count * pixels)),
      std::max<ptrdiff_t>(groups, 1)));
  const ptrdiff_t room = plane + squares + tilted;
  Arena arena(threads * Arena::size_of<std::uint32_t>(room));
  auto* const memory = arena.take<std::uint32_t>(threads * room);
  const IntegralKernels& integral = CVFAST_PICK(integral_kernels);
  const CascadeKernels& kernels = CVFAST_PICK(cascade_kernels);
  by_runs(groups, threads, [&](ptrdiff_t g, ptrdiff_t thread) {
    std::uint32_t* const sums = memory + thread * room;
    const std::uint8_t* lanes[kPatches];
    std::int32_t result[kPatches];
    for (ptrdiff_t k = 0; k < kPatches; ++k) {  // where there are no more, the last one again
      lanes[k] = pictures + std::min(g * kPatches + k, count - 1) * pixels;
    }
    integral.integrate_patches(lanes, width, height, sums, squares > 0 ? sums + plane : nullptr,
                               tilted > 0 ? sums + 2 * plane : nullptr);
    kernels.scan_patches(laid_out.plan(), reinterpret_cast<const std::int32_t*>(sums), result);
    std::copy_n(result, std::min(kPatches, count - g * kPatches), passed + g * kPatches);
  });
}

}  // namespace cvfast
