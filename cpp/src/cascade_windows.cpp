// Windows of all sizes: each level in runs of rows, whose integral images are made as they are
// looked at, a few rows at a time, so that they stay in the cache.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "arena.h"
#include "cascade_levels.h"
#include "cascade_model.h"
#include "check.h"
#include "cvfast/parallel.h"
#include "level_rows.h"
#include "pick.h"

namespace cvfast {

namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kCacheBytes = 768 << 10;
constexpr ptrdiff_t kLeastRows = 32, kMostRows = 512;  // integrated at a time, both even
constexpr double kNanosecondsPixel = 3, kNanosecondsWindow = 8;
constexpr double kLeastFactor = 1.001;

struct Task {
  std::size_t level;
  ptrdiff_t top, bottom;  // rows that windows begin in
  std::vector<CascadeWindow> found;
};

// One shape of integral images for all levels of a step, so that a plan fits all of them.
struct Shape {
  IntegralLayout layout = {};
  ptrdiff_t rows = 0;   // of windows at a time
  ptrdiff_t plane = 0;  // numbers in one of the integral images
  std::unique_ptr<CascadeLaidOut> plan;
};

int planes_of(const CascadeModel& model) { return model.lbp() ? 1 : model.tilted() ? 3 : 2; }

Shape make_shape(const CascadeModel& model, ptrdiff_t width, ptrdiff_t step) {
  Shape shape;
  ptrdiff_t half = (width / 2 + 1 + kPatches + 15) / 16 * 16;
  if (half % 512 == 0) half += 16;  // rows a power of two apart share their cache lines
  shape.layout.half = step == 2 ? half : 0;
  shape.layout.step = 1;
  shape.layout.stride = 2 * half;
  const ptrdiff_t row_bytes = shape.layout.stride * planes_of(model) * 4;
  const ptrdiff_t fitting = kCacheBytes / row_bytes - model.height();
  shape.rows = std::clamp(fitting, kLeastRows, kMostRows) / 2 * 2;
  shape.plane = (shape.rows + model.height() + 1) * shape.layout.stride;
  shape.layout.squares = shape.plane;
  shape.layout.tilted = 2 * shape.plane;
  shape.plan = std::make_unique<CascadeLaidOut>(model, shape.layout);
  return shape;
}

double cost(const CascadeLevel& level) {
  const double pixels = static_cast<double>(level.width) * static_cast<double>(level.height);
  const double rows = static_cast<double>(level.bottom / level.step);
  return kNanosecondsPixel * pixels +
         kNanosecondsWindow * static_cast<double>(level.columns) * rows;
}

std::vector<Task> make_tasks(const std::vector<CascadeLevel>& levels, ptrdiff_t window_height,
                             double total, int threads) {
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const ptrdiff_t bottom = levels[i].bottom;
    const double parts = threads > 1 ? std::ceil(cost(levels[i]) * 8 * threads / total) : 1;
    const ptrdiff_t least = std::max<ptrdiff_t>(2 * window_height, kLeastRows);
    const ptrdiff_t rows =
        std::max(least, static_cast<ptrdiff_t>(static_cast<double>(bottom) / parts) / 2 * 2 + 2);
    for (ptrdiff_t top = 0; top < bottom; top += rows) {
      tasks.push_back({i, top, std::min(top + rows, bottom), {}});
    }
  }
  return tasks;
}

// What one thread works with.
class Worker {
 public:
  Worker(const CascadeModel& model, ImageView<const std::uint8_t> picture, const Shape* shapes)
      : model_(model),
        shapes_(shapes),
        rows_(picture),
        width_(picture.width),
        arena_(Arena::size_of<std::int32_t>(planes()) + 4 * Arena::size_of<std::uint32_t>(line()) +
               Arena::size_of<std::uint8_t>(line()) + Arena::size_of<CascadeHit>(line())) {
    planes_ = arena_.take<std::int32_t>(planes());
    std::memset(planes_, 0, static_cast<std::size_t>(planes()) * sizeof(std::int32_t));
    for (auto& l : lines_) l = arena_.take<std::uint32_t>(line());
    before_ = arena_.take<std::uint8_t>(line());
    hits_ = arena_.take<CascadeHit>(line());
  }

  void run(const CascadeLevel& level, Task& task) {
    const Shape& shape = shapes_[level.step - 1];
    const CascadeKernels& kernels = CVFAST_PICK(cascade_kernels);
    begin(level, shape);
    ptrdiff_t top = task.top, filled = 1;  // the first row is of zeros
    while (true) {
      const ptrdiff_t end = std::min(top + shape.rows, task.bottom);
      const ptrdiff_t last = top + (end - 1 - top) / level.step * level.step;
      for (const ptrdiff_t rows = last - top + model_.height() + 1; filled < rows; ++filled) {
        integrate(rows_.row(top + filled - 1), level.width, shape, filled);
      }
      for (ptrdiff_t y = top; y <= last; y += level.step) {
        const ptrdiff_t count = kernels.scan_row(
            shape.plan->plan(), planes_ + (y - top) * shape.layout.stride, level.columns, hits_);
        for (ptrdiff_t i = 0; i < count; ++i) task.found.push_back(window(level, hits_[i], y));
      }
      if (end == task.bottom) return;
      keep(shape, end - top, filled);
      filled -= end - top;
      top = end;
    }
  }

 private:
  ptrdiff_t planes() const {
    const ptrdiff_t largest = std::max(shapes_[0].plane, shapes_[1].plane);
    return planes_of(model_) * largest + 4 * kPatches;
  }
  ptrdiff_t line() const { return width_ + 1 + kPatches; }

  void begin(const CascadeLevel& level, const Shape& shape) {
    rows_.begin(level);
    for (std::uint32_t* l : lines_) {
      std::memset(l, 0, static_cast<std::size_t>(line()) * sizeof(std::uint32_t));
    }
    std::memset(before_, 0, static_cast<std::size_t>(line()));
    for (int p = 0; p < planes_of(model_); ++p) {
      std::memset(planes_ + p * shape.plane, 0,
                  static_cast<std::size_t>(shape.layout.stride) * sizeof(std::int32_t));
    }
  }

  void integrate(const std::uint8_t* pixels, ptrdiff_t width, const Shape& shape, ptrdiff_t row) {
    std::int32_t* const sums = planes_ + row * shape.layout.stride;
    const bool tilted = model_.tilted();
    const IntegralLines lines = {lines_[0], lines_[1], lines_[2], lines_[3], before_};
    const IntegralRow out = {sums, model_.lbp() ? nullptr : sums + shape.layout.squares,
                             tilted ? sums + shape.layout.tilted : nullptr, shape.layout.half};
    CVFAST_PICK(integral_kernels).integrate_row(pixels, width, lines, out);
    if (!tilted) return;
    std::swap(lines_[2], lines_[3]);
    std::memcpy(before_, pixels, static_cast<std::size_t>(width));
  }

  // Moves what later windows need of the rows up to where the first ones were.
  void keep(const Shape& shape, ptrdiff_t gone, ptrdiff_t filled) {
    const ptrdiff_t stride = shape.layout.stride;
    for (int p = 0; p < planes_of(model_); ++p) {
      std::int32_t* const plane = planes_ + p * shape.plane;
      std::memmove(plane, plane + gone * stride,
                   static_cast<std::size_t>((filled - gone) * stride) * sizeof(std::int32_t));
    }
  }

  CascadeWindow window(const CascadeLevel& level, const CascadeHit& hit, ptrdiff_t y) const {
    const auto column = static_cast<float>(hit.window * level.step);
    return {rounded(column * level.scale), rounded(static_cast<float>(y) * level.scale),
            rounded(static_cast<float>(model_.width()) * level.scale),
            rounded(static_cast<float>(model_.height()) * level.scale), hit.sum};
  }

  const CascadeModel& model_;
  const Shape* const shapes_;
  LevelRows rows_;
  const ptrdiff_t width_;
  Arena arena_;
  std::int32_t* planes_;
  std::uint32_t* lines_[4];
  std::uint8_t* before_;
  CascadeHit* hits_;
};

void check(const WindowSearch& search) {
  if (!(search.scale_factor >= kLeastFactor && search.scale_factor <= 1e6)) {
    throw std::invalid_argument("scale_factor: expected 1.001 or more, got " +
                                shown(search.scale_factor));
  }
  for (const std::int32_t side :
       {search.min_width, search.min_height, search.most_width, search.most_height}) {
    if (side < 0) {
      throw std::invalid_argument("min_size, max_size: expected sides of 0 or more, got " +
                                  std::to_string(side));
    }
  }
}

}  // namespace

std::vector<CascadeWindow> Cascade::windows(ImageView<const std::uint8_t> grey,
                                            const WindowSearch& search, int requested) const {
  check(search);
  const CascadeModel& model = *model_;
  const std::vector<CascadeLevel> levels =
      cascade_levels(model.width(), model.height(), grey.width, grey.height, search);
  double total = 0;
  ptrdiff_t widest[2] = {0, 0};
  for (const CascadeLevel& level : levels) {
    total += cost(level);
    widest[level.step - 1] = std::max(widest[level.step - 1], level.width);
  }
  const int threads = threads_for(requested, total);
  std::vector<Task> tasks = make_tasks(levels, model.height(), total, threads);
  Shape shapes[2];
  for (int i = 0; i < 2; ++i) {
    if (widest[i] > 0) shapes[i] = make_shape(model, widest[i], i + 1);
  }
  std::vector<std::unique_ptr<Worker>> workers;
  for (int t = 0; t < (tasks.empty() ? 0 : threads); ++t) {
    workers.push_back(std::make_unique<Worker>(model, grey, shapes));
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  parallel_for(static_cast<ptrdiff_t>(workers.size()), threads, [&](ptrdiff_t thread) {
    try {
      for (std::size_t i = next++; i < tasks.size(); i = next++) {
        workers[static_cast<std::size_t>(thread)]->run(levels[tasks[i].level], tasks[i]);
      }
    } catch (const std::bad_alloc&) {
      failed = true;
    }
  });
  if (failed) throw std::bad_alloc();
  std::vector<CascadeWindow> found;
  for (const Task& task : tasks) found.insert(found.end(), task.found.begin(), task.found.end());
  return found;
}

}  // namespace cvfast
