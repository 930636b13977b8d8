#include "cascade_levels.h"

#include <algorithm>

namespace cvfast {

namespace {

using std::ptrdiff_t;

}  // namespace

std::vector<float> cascade_scales(std::int32_t width, std::int32_t height, ptrdiff_t across,
                                  ptrdiff_t down, const WindowSearch& search) {
  std::vector<float> all, chosen;
  if (across < width || down < height) return chosen;
  for (double factor = 1; rounded(width * factor) <= across && rounded(height * factor) <= down;
       factor *= search.scale_factor) {
    all.push_back(static_cast<float>(factor));
  }
  const bool limited = search.most_width > 0 && search.most_height > 0;
  const ptrdiff_t most_width = limited ? search.most_width : across;
  const ptrdiff_t most_height = limited ? search.most_height : down;
  float nearest = 1;
  double least = -1;
  for (const float scale : all) {
    const std::int32_t w = rounded(static_cast<float>(width) * scale);
    const std::int32_t h = rounded(static_cast<float>(height) * scale);
    const double dx = search.min_width - w, dy = search.min_height - h;
    if (least < 0 || dx * dx + dy * dy < least) {
      least = dx * dx + dy * dy;
      nearest = scale;
    }
  }
  for (const float scale : all) {
    const std::int32_t w = rounded(static_cast<float>(width) * scale);
    const std::int32_t h = rounded(static_cast<float>(height) * scale);
    if (w > most_width || h > most_height) break;
    if (w >= search.min_width && h >= search.min_height) chosen.push_back(scale);
  }
  if (chosen.empty()) chosen.push_back(nearest);
  return chosen;
}

std::vector<CascadeLevel> cascade_levels(std::int32_t width, std::int32_t height,
                                         ptrdiff_t across, ptrdiff_t down,
                                         const WindowSearch& search) {
  std::vector<CascadeLevel> levels;
  ptrdiff_t stripes = -1;  // OpenCV works in stripes; an odd last row can be left out by them
  for (const float scale : cascade_scales(width, height, across, down, search)) {
    CascadeLevel level = {};
    level.scale = scale;
    level.width = rounded(static_cast<float>(across) / scale);
    level.height = rounded(static_cast<float>(down) / scale);
    level.step = scale >= 2 ? 1 : 2;
    const ptrdiff_t right = std::max<ptrdiff_t>(level.width + 1 - width, 0);
    const ptrdiff_t rows = std::max<ptrdiff_t>(level.height + 1 - height, 0);
    if (stripes < 0) stripes = (right + 31) / 32;
    if (stripes == 0) return {};
    const ptrdiff_t stripe =
        std::max<ptrdiff_t>((rows / level.step + stripes - 1) / stripes, 1) * level.step;
    level.columns = (right + level.step - 1) / level.step;
    level.bottom = std::min(stripes * stripe, rows);
    if (level.columns > 0 && level.bottom > 0) levels.push_back(level);
  }
  return levels;
}

}  // namespace cvfast
