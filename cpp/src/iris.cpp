// Compiled once: a few hundred samples a call leave nothing for wide registers to gain.
#include "cvfast/iris.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "check.h"

namespace cvfast {
namespace {

constexpr double kUnseen = 0.04;    // iris radii inside the lids that do not count as seen
constexpr double kFirstEdge = 0.7;  // the rim is looked for from here on, in iris radii
constexpr double kFullRise = 0.1;   // luma: a rim that counts as one whole ray
constexpr double kReaches[] = {0.4, 0.25, 0.18};
constexpr double kPrior[] = {0.5, 1.0, 1.0};  // rays that say "as the landmarks have it"
constexpr double kMostOffset = 0.35;
constexpr double kKept = 0.5;                 // of the iris's own pattern of hues
constexpr double kLash = 0.33, kIris = 0.53;  // of its median luma: lashes and shadow, then iris
constexpr double kHighlight = 0.06;           // luma from iris to highlight
constexpr double kMost = 1.3;    // of the wanted colour's own luma: light irises stay soft
constexpr double kGamut = 0.85;  // of the chroma that RGB holds at a luma

// NaN gives low.
double clip(double value, double low, double high) {
  return value > low ? (value < high ? value : high) : low;
}

void check_eye(const EyeShape& eye) {
  check_finite("center", eye.center, 2);
  check_finite("axes", eye.axes, 4);
  check_finite("corner", eye.corner, 2);
  check_finite("along", eye.along, 2);
  if (eye.nodes < 2) throw std::invalid_argument("lids: expected at least 2 places");
  check_finite("lids", eye.lids, 3 * eye.nodes);
  if (eye.axes[0] * eye.axes[3] == eye.axes[1] * eye.axes[2]) {
    throw std::invalid_argument("axes: expected a disc with an area");
  }
}

// How far a point is inside the lids, in pixels; negative outside.
double depth(const EyeShape& eye, double x, double y) {
  const double dx = x - eye.corner[0], dy = y - eye.corner[1];
  const double place = dx * eye.along[0] + dy * eye.along[1];
  const double beside = dy * eye.along[0] - dx * eye.along[1];
  const double* places = eye.lids;
  const double* upper = places + eye.nodes;
  const double* lower = upper + eye.nodes;
  std::ptrdiff_t k = 0;
  while (k < eye.nodes - 2 && places[k + 1] < place) ++k;
  const double length = places[k + 1] - places[k];
  const double t = length > 0 ? clip((place - places[k]) / length, 0, 1) : 0;
  const double above = beside - (upper[k] + t * (upper[k + 1] - upper[k]));
  const double below = lower[k] + t * (lower[k + 1] - lower[k]) - beside;
  return above < below ? above : below;
}

double radius(const EyeShape& eye) {
  const double a = eye.axes[0] * eye.axes[0] + eye.axes[2] * eye.axes[2];
  const double b = eye.axes[1] * eye.axes[1] + eye.axes[3] * eye.axes[3];
  return std::sqrt(a > b ? a : b);
}

// Solves the symmetric 3 x 3 equation; m holds xx, xy, xz, yy, yz, zz and is positive definite.
void solve(const double* m, const double* b, double* x) {
  const double c0 = m[3] * m[5] - m[4] * m[4];
  const double c1 = m[2] * m[4] - m[1] * m[5];
  const double c2 = m[1] * m[4] - m[2] * m[3];
  const double scale = 1 / (m[0] * c0 + m[1] * c1 + m[2] * c2);
  x[0] = scale * (c0 * b[0] + c1 * b[1] + c2 * b[2]);
  x[1] =
      scale * (c1 * b[0] + (m[0] * m[5] - m[2] * m[2]) * b[1] + (m[1] * m[2] - m[0] * m[4]) * b[2]);
  x[2] =
      scale * (c2 * b[0] + (m[1] * m[2] - m[0] * m[4]) * b[1] + (m[0] * m[3] - m[1] * m[1]) * b[2]);
}

// Where, along one ray, luma rises from iris to white near the expected place: weight and place.
double rise_near(const float* samples, const std::uint8_t* seen, const IrisRings& rings,
                 double expected, double reach, double* place) {
  double total = 0, moment = 0;
  for (std::ptrdiff_t k = 0; k + 1 < rings.count; ++k) {
    const double middle = (rings.distances[k] + rings.distances[k + 1]) / 2;
    const double away = (middle - expected) / reach;
    const double step = static_cast<double>(samples[k + 1]) - static_cast<double>(samples[k]);
    if (middle < kFirstEdge || away * away >= 1 || step <= 0 || !seen[k] || !seen[k + 1]) continue;
    const double near = step * (1 - away * away);
    total += near * near;
    moment += near * near * middle;
  }
  *place = total > 0 ? moment / total : expected;
  return clip(std::sqrt(total) / kFullRise, 0, 1);
}

// How much a chroma sample changes, and to what: its pixels and its place in the eye decide.
class Brush {
 public:
  Brush(const EyeShape& eye, const IrisPaint& paint, double apart) : eye_(eye), paint_(paint) {
    // An edge is drawn over some tenths of a pixel. Where chroma has fewer samples than luma, each
    // reaches over its neighbours' pixels, so edges are wider there and lie further inside.
    sharp_ = 1 / (0.6 + 0.4 * apart);
    inset_ = 0.25 * apart;
    across_ = radius(eye) * sharp_;
    const double area = eye.axes[0] * eye.axes[3] - eye.axes[1] * eye.axes[2];
    back_[0] = eye.axes[3] / area;
    back_[1] = -eye.axes[1] / area;
    back_[2] = -eye.axes[2] / area;
    back_[3] = eye.axes[0] / area;
  }

  double share(double x, double y, double luma) const {
    const double dx = x - eye_.center[0], dy = y - eye_.center[1];
    const double u = back_[0] * dx + back_[1] * dy, v = back_[2] * dx + back_[3] * dy;
    const double distance = std::sqrt(u * u + v * v);
    double share = clip((1 - distance) * across_ - inset_, 0, 1);
    share *= clip((distance - paint_.pupil) * across_ + (0.1 - inset_), 0, 1);
    share *= clip((luma / paint_.luma - kLash) / (kIris - kLash), 0, 1);
    share *= clip(1 - (luma - paint_.bright) / kHighlight, 0, 1);
    if (share <= 0) return 0;
    return share * clip(depth(eye_, x, y) * sharp_ + (0.2 - inset_), 0, 1) * paint_.strength;
  }

  void change(double share, double luma, double* chroma) const {
    // What is brighter than the iris shines on it and has no more of its colour.
    const double shine = (paint_.luma + paint_.bright) / 2;
    const double level = luma < 0 ? 0 : luma > shine ? shine : luma;
    // Chroma grows with the 3/4th power of luma: dark irises show a little more colour.
    double shown = std::sqrt(level * std::sqrt(level * paint_.usual));
    shown = shown < kMost * paint_.usual ? shown : kMost * paint_.usual;
    const double dark = level / paint_.darken, light = (1 - level) / paint_.lighten;
    const double room = kGamut * (dark < light ? dark : light);
    shown = shown < room ? shown : room;
    double rest[2] = {chroma[0] - paint_.own[0] * level, chroma[1] - paint_.own[1] * level};
    // Where the iris is paler it differs less, but not towards the opposite colour.
    const double square = paint_.own[0] * paint_.own[0] + paint_.own[1] * paint_.own[1];
    const double along =
        (paint_.own[0] * rest[0] + paint_.own[1] * rest[1]) / (square > 1e-6 ? square : 1e-6);
    for (int k = 0; k < 2; ++k) {
      if (along < 0) rest[k] -= paint_.own[k] * along;
      chroma[k] += share * (paint_.wanted[k] * shown + kKept * rest[k] - chroma[k]);
    }
  }

 private:
  const EyeShape& eye_;
  const IrisPaint& paint_;
  double sharp_, inset_, across_, back_[4];
};

template <typename T>
double luma_at(const SamplePlane<const T>& luma, std::ptrdiff_t i, std::ptrdiff_t j,
               std::ptrdiff_t across, std::ptrdiff_t down) {
  double sum = 0;
  for (std::ptrdiff_t y = j * down; y < (j + 1) * down; ++y) {
    const T* row = luma.data + (y < luma.height ? y : luma.height - 1) * luma.row_stride;
    for (std::ptrdiff_t x = i * across; x < (i + 1) * across; ++x) {
      sum += static_cast<double>(row[(x < luma.width ? x : luma.width - 1) * luma.step]);
    }
  }
  return (sum / static_cast<double>(across * down) - luma.zero) / luma.levels;
}

template <typename T>
bool put(const SamplePlane<T>& plane, T* sample, double value, double limit) {
  const double scaled = value * plane.levels + plane.zero;
  const T now = static_cast<T>(limit > 0 ? clip(std::nearbyint(scaled), 0, limit) : scaled);
  const bool changed = now != *sample;
  *sample = now;
  return changed;
}

// The samples first <= i < last whose places lie within reach of the middle.
void span(double middle, double reach, double scale, double offset, std::ptrdiff_t size,
          std::ptrdiff_t* first, std::ptrdiff_t* last) {
  const auto end = static_cast<double>(size);
  *first = static_cast<std::ptrdiff_t>(clip(std::ceil((middle - reach) * scale + offset), 0, end));
  *last =
      static_cast<std::ptrdiff_t>(clip(std::floor((middle + reach) * scale + offset) + 1, 0, end));
}

}  // namespace

template <typename T>
void iris_rings(const SamplePlane<const T>& plane, const EyeShape& eye, const IrisRings& rings,
                float* values, std::uint8_t* seen) {
  check_eye(eye);
  const double margin = kUnseen * radius(eye), gain = 1 / plane.levels;
  const auto right = static_cast<double>(plane.width - 1);
  const auto bottom = static_cast<double>(plane.height - 1);
  for (std::ptrdiff_t i = 0; i < rings.angles; ++i) {
    const double c = rings.rays[i], s = rings.rays[rings.angles + i];
    const double ux = eye.axes[0] * c + eye.axes[1] * s;
    const double uy = eye.axes[2] * c + eye.axes[3] * s;
    for (std::ptrdiff_t k = 0; k < rings.count; ++k, ++values, ++seen) {
      const double x = eye.center[0] + ux * rings.distances[k];
      const double y = eye.center[1] + uy * rings.distances[k];
      const double px = x * plane.scale_x + plane.offset_x, py = y * plane.scale_y + plane.offset_y;
      const bool inside = px >= 0 && px <= right && py >= 0 && py <= bottom;
      *seen = inside && depth(eye, x, y) > margin ? 1 : 0;
      const double qx = clip(px, 0, right), qy = clip(py, 0, bottom);
      const auto left = static_cast<std::ptrdiff_t>(qx), top = static_cast<std::ptrdiff_t>(qy);
      const double fx = qx - static_cast<double>(left), fy = qy - static_cast<double>(top);
      const T* row = plane.data + top * plane.row_stride + left * plane.step;
      const T* next = top + 1 < plane.height ? row + plane.row_stride : row;
      const std::ptrdiff_t over = left + 1 < plane.width ? plane.step : 0;
      const double a = row[0], b = row[over], d = next[0], e = next[over];
      const double above = a + fx * (b - a), below = d + fx * (e - d);
      *values = static_cast<float>((above + fy * (below - above) - plane.zero) * gain);
    }
  }
}

void iris_rim(const float* luma, const std::uint8_t* seen, const IrisRings& rings,
              double* offsets) {
  offsets[0] = offsets[1] = offsets[2] = 0;
  for (const double reach : kReaches) {
    double m[6] = {kPrior[0], 0, 0, kPrior[1], 0, kPrior[2]}, b[3] = {0, 0, 0};
    for (std::ptrdiff_t i = 0; i < rings.angles; ++i) {
      const double x = rings.rays[i], y = rings.rays[rings.angles + i];
      const double expected = 1 + x * offsets[0] + y * offsets[1] + offsets[2];
      double place = 0;
      const double trust =
          rise_near(luma + i * rings.count, seen + i * rings.count, rings, expected, reach, &place);
      const double w = trust * trust, off = place - 1;
      m[0] += w * x * x;
      m[1] += w * x * y;
      m[2] += w * x;
      m[3] += w * y * y;
      m[4] += w * y;
      m[5] += w;
      b[0] += w * x * off;
      b[1] += w * y * off;
      b[2] += w * off;
    }
    solve(m, b, offsets);
  }
  for (int k = 0; k < 3; ++k) offsets[k] = clip(offsets[k], -kMostOffset, kMostOffset);
}

template <typename T>
std::ptrdiff_t iris_paint(const SamplePlane<const T>& luma, const SamplePlane<T>& blue,
                          const SamplePlane<T>& red, const EyeShape& eye, const IrisPaint& paint) {
  check_eye(eye);
  check_finite("paint", &paint.strength, 1);
  const auto across = static_cast<std::ptrdiff_t>(std::nearbyint(1 / blue.scale_x));
  const auto down = static_cast<std::ptrdiff_t>(std::nearbyint(1 / blue.scale_y));
  const Brush brush(eye, paint, static_cast<double>((across > down ? across : down) - 1));
  std::ptrdiff_t x0, x1, y0, y1, changed = 0;
  span(eye.center[0], std::hypot(eye.axes[0], eye.axes[1]), blue.scale_x, blue.offset_x, blue.width,
       &x0, &x1);
  span(eye.center[1], std::hypot(eye.axes[2], eye.axes[3]), blue.scale_y, blue.offset_y,
       blue.height, &y0, &y1);
  for (std::ptrdiff_t j = y0; j < y1; ++j) {
    const double y = (static_cast<double>(j) - blue.offset_y) / blue.scale_y;
    for (std::ptrdiff_t i = x0; i < x1; ++i) {
      const double x = (static_cast<double>(i) - blue.offset_x) / blue.scale_x;
      const double level = luma_at(luma, i, j, across, down);
      const double share = brush.share(x, y, level);
      if (!(share > 0)) continue;
      T* b = blue.data + j * blue.row_stride + i * blue.step;
      T* r = red.data + j * red.row_stride + i * red.step;
      double chroma[2] = {(static_cast<double>(*b) - blue.zero) / blue.levels,
                          (static_cast<double>(*r) - red.zero) / red.levels};
      brush.change(share, level, chroma);
      const bool one = put(blue, b, chroma[0], paint.limit);
      const bool other = put(red, r, chroma[1], paint.limit);
      changed += one || other ? 1 : 0;
    }
  }
  return changed;
}

#define CVFAST_IRIS(T)                                                                        \
  template void iris_rings<T>(const SamplePlane<const T>&, const EyeShape&, const IrisRings&, \
                              float*, std::uint8_t*);                                         \
  template std::ptrdiff_t iris_paint<T>(const SamplePlane<const T>&, const SamplePlane<T>&,   \
                                        const SamplePlane<T>&, const EyeShape&, const IrisPaint&)
CVFAST_IRIS(std::uint8_t);
CVFAST_IRIS(std::uint16_t);
CVFAST_IRIS(float);
#undef CVFAST_IRIS

}  // namespace cvfast
