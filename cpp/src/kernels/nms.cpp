// Greedy suppression: the boxes that a kept box overlaps too much are marked dead ahead of their
// turn, either among all boxes or in the cells of a grid that they can lie in. Marking may look at
// more boxes than it must: whether a box overlaps is told exactly, and the marks of boxes whose
// turn has passed mean nothing. So whole blocks are compared, without ends or masks.
//
// Tried and lost, sparse boxes, 1 thread: to ask the boxes kept so far, linked in cells, for each
// box (10k: 1.26 ms, now .46, with all that changed beside); a store of every mark, needed or not
// (10k: .44 against .40); all levels in one loop for boxes of one scale too (10k: .52 against .44).
#include "kernels/grid_search.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace cvfast::CVFAST_ISA {

namespace {

// Bit k: whether the overlap of `box` with box k of the block exceeds the threshold.
#if defined(__AVX2__)
inline unsigned over(const float* block, const OneBox<float>& box, float threshold) {
  const __m256 x0 = _mm256_load_ps(block), y0 = _mm256_load_ps(block + kBoxLanes);
  const __m256 x1 = _mm256_load_ps(block + 2 * kBoxLanes);
  const __m256 y1 = _mm256_load_ps(block + 3 * kBoxLanes);
  const __m256 w = _mm256_sub_ps(_mm256_min_ps(x1, _mm256_set1_ps(box.x1)),
                                 _mm256_max_ps(x0, _mm256_set1_ps(box.x0)));
  const __m256 h = _mm256_sub_ps(_mm256_min_ps(y1, _mm256_set1_ps(box.y1)),
                                 _mm256_max_ps(y0, _mm256_set1_ps(box.y0)));
  const __m256 zero = _mm256_setzero_ps();
  const __m256 inter = _mm256_mul_ps(_mm256_max_ps(w, zero), _mm256_max_ps(h, zero));
  const __m256 area = _mm256_mul_ps(_mm256_sub_ps(x1, x0), _mm256_sub_ps(y1, y0));
  const __m256 united = _mm256_sub_ps(_mm256_add_ps(_mm256_set1_ps(box.area), area), inter);
  const __m256 iou = _mm256_div_ps(inter, united);
  return static_cast<unsigned>(
      _mm256_movemask_ps(_mm256_cmp_ps(iou, _mm256_set1_ps(threshold), _CMP_GT_OQ)));
}

inline unsigned over_half(const double* block, const OneBox<double>& box, double threshold) {
  const __m256d x0 = _mm256_load_pd(block), y0 = _mm256_load_pd(block + kBoxLanes);
  const __m256d x1 = _mm256_load_pd(block + 2 * kBoxLanes);
  const __m256d y1 = _mm256_load_pd(block + 3 * kBoxLanes);
  const __m256d w = _mm256_sub_pd(_mm256_min_pd(x1, _mm256_set1_pd(box.x1)),
                                  _mm256_max_pd(x0, _mm256_set1_pd(box.x0)));
  const __m256d h = _mm256_sub_pd(_mm256_min_pd(y1, _mm256_set1_pd(box.y1)),
                                  _mm256_max_pd(y0, _mm256_set1_pd(box.y0)));
  const __m256d zero = _mm256_setzero_pd();
  const __m256d inter = _mm256_mul_pd(_mm256_max_pd(w, zero), _mm256_max_pd(h, zero));
  const __m256d area = _mm256_mul_pd(_mm256_sub_pd(x1, x0), _mm256_sub_pd(y1, y0));
  const __m256d united = _mm256_sub_pd(_mm256_add_pd(_mm256_set1_pd(box.area), area), inter);
  const __m256d iou = _mm256_div_pd(inter, united);
  return static_cast<unsigned>(
      _mm256_movemask_pd(_mm256_cmp_pd(iou, _mm256_set1_pd(threshold), _CMP_GT_OQ)));
}

inline unsigned over(const double* block, const OneBox<double>& box, double threshold) {
  return over_half(block, box, threshold) | over_half(block + 4, box, threshold) << 4;
}
#else
template <typename T>
inline unsigned over(const T* block, const OneBox<T>& box, T threshold) {
  const T *x0 = block, *y0 = x0 + kBoxLanes, *x1 = y0 + kBoxLanes, *y1 = x1 + kBoxLanes;
  int exceeds[kBoxLanes];
  for (std::ptrdiff_t k = 0; k < kBoxLanes; ++k) {
    const T w = least_of(x1[k], box.x1) - most_of(x0[k], box.x0);
    const T h = least_of(y1[k], box.y1) - most_of(y0[k], box.y0);
    const T inter = most_of(w, T(0)) * most_of(h, T(0));
    const T area = (x1[k] - x0[k]) * (y1[k] - y0[k]);
    exceeds[k] = static_cast<int>(inter / (box.area + area - inter) > threshold);
  }
  unsigned mask = 0;
  for (unsigned k = 0; k < kBoxLanes; ++k) mask |= static_cast<unsigned>(exceeds[k]) << k;
  return mask;
}
#endif

// All but the box itself, at `place`. Marks are rare among sparse boxes, and a store there would
// hold up the next box's look at the marks.
template <typename T>
inline void mark(const T* blocks, std::ptrdiff_t from, std::ptrdiff_t to, std::uint32_t place,
                 const OneBox<T>& box, T threshold, std::uint8_t* dead) {
  for (std::ptrdiff_t b = from; b < to; ++b) {
    const unsigned self = static_cast<unsigned>(b == place / kBoxLanes) << place % kBoxLanes;
    const unsigned mask = over(blocks + b * 4 * kBoxLanes, box, threshold) & ~self;
    if (mask != 0) dead[b] = static_cast<std::uint8_t>(dead[b] | mask);
  }
}

template <typename T>
inline void put(T* blocks, std::uint32_t place, const T* box) {
  T* b = blocks + (place / kBoxLanes) * (4 * kBoxLanes) + place % kBoxLanes;
  b[0] = box[0], b[kBoxLanes] = box[1], b[2 * kBoxLanes] = box[2], b[3 * kBoxLanes] = box[3];
}

inline bool is_dead(const std::uint8_t* dead, std::uint32_t place) {
  return (dead[place / kBoxLanes] >> (place % kBoxLanes) & 1) != 0;
}

// Lanes 0 to 3 hold a box and so on; `sides` become w, h, -w, -h.
#if defined(__AVX2__)
bool measure_all(const float* boxes, std::ptrdiff_t n, float* longest) {
  const __m256 most = _mm256_set1_ps(kLargestF32), zero = _mm256_setzero_ps();
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  const __m256 ordered = _mm256_castsi256_ps(_mm256_setr_epi32(-1, -1, 0, 0, -1, -1, 0, 0));
  __m256 bad = zero, longest_sides = zero;
  for (std::ptrdiff_t i = 0; i < n; i += 2) {
    const __m256 box = i + 1 < n
                           ? _mm256_loadu_ps(boxes + 4 * i)
                           : _mm256_broadcast_ps(reinterpret_cast<const __m128*>(boxes + 4 * i));
    const __m256 sides = _mm256_sub_ps(_mm256_permute_ps(box, 0x4e), box);
    bad = _mm256_or_ps(bad, _mm256_cmp_ps(_mm256_and_ps(box, magnitude), most, _CMP_NLE_UQ));
    bad = _mm256_or_ps(bad, _mm256_and_ps(_mm256_cmp_ps(sides, zero, _CMP_LT_OQ), ordered));
    const __m256 area = _mm256_mul_ps(sides, _mm256_permute_ps(sides, 0xb1));
    const __m256 counts =
        _mm256_and_ps(_mm256_cmp_ps(area, zero, _CMP_GT_OQ), _mm256_cmp_ps(area, most, _CMP_LE_OQ));
    longest_sides = _mm256_max_ps(longest_sides, _mm256_and_ps(sides, counts));
  }
  float lanes[8];
  _mm256_storeu_ps(lanes, longest_sides);
  longest[0] = most_of(lanes[0], lanes[4]);
  longest[1] = most_of(lanes[1], lanes[5]);
  return _mm256_movemask_ps(bad) == 0;
}

bool measure_all(const double* boxes, std::ptrdiff_t n, double* longest) {
  const __m256d most = _mm256_set1_pd(kLargestF64), zero = _mm256_setzero_pd();
  const __m256d magnitude = _mm256_castsi256_pd(_mm256_set1_epi64x(0x7fffffffffffffff));
  const __m256d ordered = _mm256_castsi256_pd(_mm256_setr_epi64x(-1, -1, 0, 0));
  __m256d bad = zero, longest_sides = zero;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const __m256d box = _mm256_loadu_pd(boxes + 4 * i);
    const __m256d sides = _mm256_sub_pd(_mm256_permute4x64_pd(box, 0x4e), box);
    bad = _mm256_or_pd(bad, _mm256_cmp_pd(_mm256_and_pd(box, magnitude), most, _CMP_NLE_UQ));
    bad = _mm256_or_pd(bad, _mm256_and_pd(_mm256_cmp_pd(sides, zero, _CMP_LT_OQ), ordered));
    const __m256d area = _mm256_mul_pd(sides, _mm256_permute_pd(sides, 0x5));
    const __m256d counts =
        _mm256_and_pd(_mm256_cmp_pd(area, zero, _CMP_GT_OQ), _mm256_cmp_pd(area, most, _CMP_LE_OQ));
    longest_sides = _mm256_max_pd(longest_sides, _mm256_and_pd(sides, counts));
  }
  double lanes[4];
  _mm256_storeu_pd(lanes, longest_sides);
  longest[0] = lanes[0];
  longest[1] = lanes[1];
  return _mm256_movemask_pd(bad) == 0;
}
#else
template <typename T>
bool measure_all(const T* boxes, std::ptrdiff_t n, T* longest) {
  const T most = largest(T(0));
  int bad = 0;  // comparisons with NaN are false
  T width = 0, height = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const T x0 = boxes[4 * i], y0 = boxes[4 * i + 1], x1 = boxes[4 * i + 2], y1 = boxes[4 * i + 3];
    bad |= static_cast<int>(!(x0 >= -most)) | static_cast<int>(!(y0 >= -most)) |
           static_cast<int>(!(x1 >= x0)) | static_cast<int>(!(y1 >= y0)) |
           static_cast<int>(!(x1 <= most)) | static_cast<int>(!(y1 <= most));
    const T w = x1 - x0, h = y1 - y0;
    const bool counts = takes_part(w * h);
    width = most_of(width, counts ? w : T(0));
    height = most_of(height, counts ? h : T(0));
  }
  longest[0] = width;
  longest[1] = height;
  return bad == 0;
}
#endif

template <typename T>
bool measure(const T* boxes, std::ptrdiff_t n, T* longest) {
  return measure_all(boxes, n, longest);
}

// Keys whose ascending order is the scores' descending one.
inline std::uint32_t descending(float score) {
  std::uint32_t bits;
  const float value = score + 0.0f;  // -0 ties with 0
  memcpy(&bits, &value, sizeof bits);
  return (bits >> 31) != 0 ? bits : ~bits & 0x7fffffffu;
}
inline std::uint64_t descending(double score) {
  std::uint64_t bits;
  const double value = score + 0.0;
  memcpy(&bits, &value, sizeof bits);
  return (bits >> 63) != 0 ? bits : ~bits & 0x7fffffffffffffffu;
}

template <typename Score, typename Key>
bool keys_of(const Score* scores, std::ptrdiff_t n, Key* __restrict keys, Key* range) {
  Key least = ~Key(0), most = 0;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const Key key = descending(scores[i]);
    keys[i] = key;
    least = least_of(least, key);
    most = most_of(most, key);
  }
  range[0] = least;
  range[1] = most;
  int bad = 0;
  const Score finite = largest(Score(0));
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    bad |= static_cast<int>(!(scores[i] >= -finite)) | static_cast<int>(!(scores[i] <= finite));
  }
  return bad == 0;
}

template <typename T>
void pack(const T* boxes, const std::uint32_t* order, std::ptrdiff_t n, T* blocks) {
  const std::ptrdiff_t whole = (n + kBoxLanes - 1) / kBoxLanes * kBoxLanes;
  const T none[4] = {};
  for (std::ptrdiff_t r = 0; r < whole; ++r) {
    put(blocks, static_cast<std::uint32_t>(r),
        r < n ? boxes + 4 * static_cast<std::ptrdiff_t>(order[r]) : none);
  }
}

template <typename T>
std::ptrdiff_t scan(const T* blocks, const std::uint32_t* order, std::ptrdiff_t n, T threshold,
                    std::ptrdiff_t most, std::uint8_t* dead, std::ptrdiff_t* from,
                    std::int64_t* kept) {
  const std::ptrdiff_t end = (n + kBoxLanes - 1) / kBoxLanes;
  std::ptrdiff_t r = *from, count = 0;
  for (; r < n && count < most; ++r) {
    const auto place = static_cast<std::uint32_t>(r);
    if (is_dead(dead, place)) continue;
    kept[count++] = order[r];
    mark(blocks, r / kBoxLanes, end, place, box_at(blocks, place), threshold, dead);
  }
  *from = r;
  return count;
}

template <typename T>
void buckets(BoxGrid<T>* grid, const T* blocks, std::ptrdiff_t n, std::uint32_t* bucket) {
  const GridAxis<T>&x = grid->x, &y = grid->y;
  const std::uint64_t top_x = x.top, top_y = y.top;
  const T per_x = x.per_side[0], per_y = y.per_side[0];
  const std::uint32_t mask = grid->mask, step = grid->row_step;
  int deepest_x = 0, deepest_y = 0;
  for (std::ptrdiff_t b = 0; b < n; b += kBoxLanes, blocks += 4 * kBoxLanes) {
    int lx[kBoxLanes], ly[kBoxLanes], deep_x = 0, deep_y = 0;
    for (int k = 0; k < kBoxLanes; ++k) {
      lx[k] = level_of(top_x, blocks[2 * kBoxLanes + k] - blocks[k]);
      ly[k] = level_of(top_y, blocks[3 * kBoxLanes + k] - blocks[kBoxLanes + k]);
    }
    for (int k = 0; k < kBoxLanes; ++k) {
      deep_x = deep_x > lx[k] ? deep_x : lx[k];
      deep_y = deep_y > ly[k] ? deep_y : ly[k];
    }
    if (deep_x + deep_y == 0) {  // most often there is one level: worth a path without look-ups
      for (int k = 0; k < kBoxLanes; ++k) {
        const std::uint32_t cx = cell_of(blocks[k], per_x);
        const std::uint32_t cy = cell_of(blocks[kBoxLanes + k], per_y);
        bucket[b + k] = (cy * step + cx) & mask;
      }
      grid->rows[0] |= 1;
      continue;
    }
    for (int k = 0; k < kBoxLanes; ++k) {
      const std::uint32_t cx = cell_of(blocks[k], x.per_side[lx[k]]);
      const std::uint32_t cy = cell_of(blocks[kBoxLanes + k], y.per_side[ly[k]]);
      bucket[b + k] = (cy * step + level_hash(lx[k], ly[k]) + cx) & mask;
      grid->rows[lx[k]] |= std::uint64_t{1} << ly[k];
    }
    deepest_x = deepest_x > deep_x ? deepest_x : deep_x;
    deepest_y = deepest_y > deep_y ? deepest_y : deep_y;
  }
  grid->x.deepest = deepest_x;
  grid->y.deepest = deepest_y;
}

// Marks what `box`, at `place`, suppresses.
template <typename T>
struct Marker {
  const T* blocks;
  std::uint8_t* dead;
  OneBox<T> box;
  T threshold;
  std::uint32_t place;

  inline void look(std::ptrdiff_t from, std::ptrdiff_t to) const {
    mark(blocks, from, to, place, box, threshold, dead);
  }
};

#if defined(__AVX2__)
// The same where all sides are of the first level: x and y, before and after, side by side. Float
// boxes of one scale are the usual case, and this is most of what a box costs.
struct OneLevel {
  __m128 longest, least, per_side, more;
};

inline OneLevel one_level(const BoxGrid<float>& g) {
  return {_mm_setr_ps(g.x.most[0], g.y.most[0], g.x.most[0], g.y.most[0]),
          _mm_setr_ps(g.x.least[0], g.y.least[0], g.x.least[0], g.y.least[0]),
          _mm_setr_ps(g.x.per_side[0], g.y.per_side[0], g.x.per_side[0], g.y.per_side[0]),
          _mm_setr_ps(-0x1p-20f, -0x1p-20f, 0x1p-20f, 0x1p-20f)};
}

inline bool visit_near(const Hot<float>& grid, const OneLevel& level, const OneBox<float>& box,
                       const Marker<float>& visitor) {
  const __m128 corner = _mm_setr_ps(box.x0, box.y0, box.x0, box.y0);
  const __m128 side = _mm_sub_ps(_mm_setr_ps(box.x1, box.y1, box.x1, box.y1), corner);
  const __m128 t = _mm_set1_ps(grid.looser), shortest = _mm_mul_ps(side, t);
  const __m128 longest = _mm_min_ps(_mm_mul_ps(side, _mm_set1_ps(grid.inverse)), level.longest);
  const __m128 before = _mm_sub_ps(shortest, longest);
  const __m128 after = _mm_sub_ps(side, _mm_mul_ps(t, _mm_max_ps(shortest, level.least)));
  const __m128 way =
      _mm_add_ps(_mm_mul_ps(_mm_blend_ps(before, after, 0xc), _mm_set1_ps(grid.slack)),
                 _mm_mul_ps(side, level.more));
  const __m128 cells =
      _mm_add_ps(_mm_mul_ps(_mm_add_ps(corner, way), level.per_side), _mm_set1_ps(0x1.8p23f));
  __m128i bits = _mm_castps_si128(cells);
  bits = _mm_xor_si128(bits, _mm_srli_epi32(_mm_srai_epi32(bits, 31), 1));
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(bits));
  const auto high = static_cast<std::uint64_t>(_mm_extract_epi64(bits, 1));
  const auto column = static_cast<std::uint32_t>(low), row = static_cast<std::uint32_t>(low >> 32);
  std::ptrdiff_t budget = grid.block_count + 64;
  return visit_cells(grid, 0, {column, static_cast<std::uint32_t>(high) - column + 1},
                     {row, static_cast<std::uint32_t>(high >> 32) - row + 1}, visitor, &budget);
}
#endif

template <typename T, typename Levels>
inline std::ptrdiff_t search_in(const Hot<T>& grid, const Levels& levels, const T* blocks,
                                T threshold, const std::uint32_t* order,
                                const std::uint32_t* places, std::ptrdiff_t n, std::uint8_t* dead,
                                std::int64_t* kept) {
  std::ptrdiff_t count = 0;
  for (std::ptrdiff_t r = 0; r < n; ++r) {
    const std::uint32_t place = places[r];
    if (is_dead(dead, place)) continue;
    kept[count++] = order[r];
    const OneBox<T> box = box_at(blocks, place);
    if (!takes_part(box.area)) continue;
    const Marker<T> marker = {blocks, dead, box, threshold, place};
    if (box.area < least_measurable(T(0)) || !visit_near(grid, levels, box, marker)) {
      marker.look(0, grid.block_count);
    }
  }
  return count;
}

std::ptrdiff_t search(const BoxGrid<float>* grid, const float* blocks, float threshold,
                      const std::uint32_t* order, const std::uint32_t* places, std::ptrdiff_t n,
                      std::uint8_t* dead, std::int64_t* kept) {
#if defined(__AVX2__)
  if (grid->x.deepest + grid->y.deepest == 0) {
    return search_in(hot(*grid), one_level(*grid), blocks, threshold, order, places, n, dead, kept);
  }
#endif
  return search_in(hot(*grid), *grid, blocks, threshold, order, places, n, dead, kept);
}
std::ptrdiff_t search(const BoxGrid<double>* grid, const double* blocks, double threshold,
                      const std::uint32_t* order, const std::uint32_t* places, std::ptrdiff_t n,
                      std::uint8_t* dead, std::int64_t* kept) {
  return search_in(hot(*grid), *grid, blocks, threshold, order, places, n, dead, kept);
}

template <typename T>
void place_all(const T* packed, std::ptrdiff_t n, std::uint32_t* next, std::uint32_t* places,
               T* blocks) {
  for (std::ptrdiff_t r = 0; r < n; ++r) {
    const std::uint32_t place = next[places[r]]++;
    places[r] = place;
    const T* from = packed + (r / kBoxLanes) * (4 * kBoxLanes) + r % kBoxLanes;
    T* to = blocks + (place / kBoxLanes) * (4 * kBoxLanes) + place % kBoxLanes;
    for (int k = 0; k < 4; ++k) to[k * kBoxLanes] = from[k * kBoxLanes];
  }
}

template <typename T>
constexpr NmsKernelsOf<T> kOf = {measure<T>, pack<T>, scan<T>, buckets<T>, place_all<T>, search};

}  // namespace

extern const NmsKernels nms_kernels;
const NmsKernels nms_kernels = {kOf<float>, kOf<double>, keys_of<float, std::uint32_t>,
                                keys_of<double, std::uint64_t>};

}  // namespace cvfast::CVFAST_ISA
