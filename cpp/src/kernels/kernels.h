// What the files of this folder offer, declared once for all instruction sets. Plain loops over raw
// pointers: no std containers, external templates or statics, which a narrower build could link.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cvfast {

constexpr std::ptrdiff_t kBlock = 256;  // points mapped and sampled at a time, kept in L1

// Loops over points do whole groups, so that none has a rest that is not vectorised: arrays of
// positions have room for that, and what lies behind the last point is read without effect.
constexpr std::ptrdiff_t kGroup = 16;
static constexpr std::ptrdiff_t whole_groups(std::ptrdiff_t n) {
  return (n + kGroup - 1) / kGroup * kGroup;
}

// A picture to sample bilinearly; points outside clamp to its edge.
template <typename T>
struct Source {
  const T* data;
  std::ptrdiff_t width, height, channels, row_stride;
};

struct Disc {
  float x, y;  // centre, in the source's coordinates
  float radius, inverse_radius, radius2;
  float p, q;   // strength | drag x, drag y | angle
  float reach;  // at least the longest way that it moves a point
};

struct DiscSpan {
  int kind;  // a LocalWarp
  const Disc* discs;
  std::ptrdiff_t count;
  float x, y;  // the first output pixel, in the source's coordinates
  std::ptrdiff_t length;
};

struct WarpKernels {
  void (*span_u8)(const Source<std::uint8_t>&, const DiscSpan&, std::uint8_t* out);
  void (*span_f32)(const Source<float>&, const DiscSpan&, float* out);
};

template <typename T>
struct BoxColumns {
  const T *x0, *y0, *x1, *y1, *area;
};

template <typename T>
struct OneBox {
  T x0, y0, x1, y1, area;
};

constexpr std::ptrdiff_t kBoxLanes = 8;  // boxes compared at a time
constexpr int kGridLevels = 16;

// Boxes lie in blocks: kBoxLanes x0, as many y0, x1, y1, and again. A box's place counts boxes.
template <typename T>
struct GridAxis {
  std::uint64_t top;  // bits of the longest side
  int deepest;        // level in use
  // Per level, from the top: sides are in (least, most]; cells a unit of length.
  T least[kGridLevels], most[kGridLevels], per_side[kGridLevels];
};

// Boxes by the place of their corner (x0, y0), in cells that suit their sides: per axis, a level
// holds the sides of one factor of 4. Where IoU > t, the sides of two boxes differ by a factor of
// at most 1/t per axis and their corners by a fraction of a side, so that a box looks at few levels
// and few cells. Cells are hashed to a table such that neighbours in a row stay neighbours.
template <typename T>
struct BoxGrid {
  GridAxis<T> x, y;
  std::uint64_t rows[kGridLevels];  // per level of x, the levels of y that hold boxes
  T looser, inverse, slack;         // the threshold, its inverse, what covers roundings
  std::uint32_t mask, row_step;     // buckets - 1; from a row of cells to the next
  const std::uint32_t* start;       // per bucket and past the last one: the first place in it
  std::ptrdiff_t block_count;
};

template <typename T>
struct NmsKernelsOf {
  // Whether all boxes are finite and ordered; the longest sides of those that can overlap.
  bool (*measure)(const T* boxes, std::ptrdiff_t n, T* longest);
  // The boxes in that order, as blocks; filled up with empty boxes.
  void (*pack)(const T* boxes, const std::uint32_t* order, std::ptrdiff_t n, T* blocks);
  // Keeps boxes from `from` on, marking those that they suppress, until `most` are kept. Returns
  // how many; `from` becomes the next box.
  std::ptrdiff_t (*scan)(const T* blocks, const std::uint32_t* order, std::ptrdiff_t n, T threshold,
                         std::ptrdiff_t most, std::uint8_t* dead, std::ptrdiff_t* from,
                         std::int64_t* kept);
  // Each packed box's bucket (room for whole blocks), and the levels in use.
  void (*buckets)(BoxGrid<T>*, const T* packed, std::ptrdiff_t n, std::uint32_t* bucket);
  // Turns each box's bucket into its place; `next` has the first free place of each bucket.
  void (*place)(const T* packed, std::ptrdiff_t n, std::uint32_t* next, std::uint32_t* places,
                T* blocks);
  // Keeps boxes as `scan` does, but looks in the grid only.
  std::ptrdiff_t (*search)(const BoxGrid<T>*, const T* blocks, T threshold,
                           const std::uint32_t* order, const std::uint32_t* places,
                           std::ptrdiff_t n, std::uint8_t* dead, std::int64_t* kept);
};

struct NmsKernels {
  NmsKernelsOf<float> f32;
  NmsKernelsOf<double> f64;
  // Keys whose ascending order is the scores' descending one, the least and the largest key, and
  // whether all scores are finite.
  bool (*keys_f32)(const float* scores, std::ptrdiff_t n, std::uint32_t* keys,
                   std::uint32_t* range);
  bool (*keys_f64)(const double* scores, std::ptrdiff_t n, std::uint64_t* keys,
                   std::uint64_t* range);
};

struct BoxKernels {
  // Intersection over union of `box` with each of n boxes.
  void (*iou_f32)(const BoxColumns<float>&, std::ptrdiff_t n, const OneBox<float>&, float* out);
  void (*iou_f64)(const BoxColumns<double>&, std::ptrdiff_t n, const OneBox<double>&, double* out);
  // The stable ascending order of n keys.
  void (*order_u32)(const std::uint32_t* keys, std::uint32_t n, std::uint32_t* order);
  void (*order_u64)(const std::uint64_t* keys, std::uint32_t n, std::uint32_t* order);
};

// Scores by place in a grid's blocks, or in packed ones.
struct SoftScores {
  const double* blocks;
  double* scores;
  const std::uint32_t* indices;  // of the boxes, by place
  std::uint32_t* turns;          // per block: the last turn that came by
  std::ptrdiff_t block_count;
  double least;             // scores under it mean nothing
  double sigma, threshold;  // sigma 0: the linear decay, of an IoU over the threshold
};

struct SoftBest {
  double score;
  std::uint32_t index, place;
};

struct SoftKernels {
  // The box of a block with the highest score, of those with the lowest index.
  SoftBest (*best)(const SoftScores*, std::ptrdiff_t block);
  // Lowers the scores of the boxes that overlap the one at `place`; without a grid, looks at all.
  void (*decay)(const BoxGrid<double>* grid, const SoftScores*, std::uint32_t place,
                std::uint32_t turn);
};

// Coordinates normalised as X = (x - origin_x) * scale; weights belong to r^2 log2 r^2, so they
// hold the factor log(2) / 2 that makes it r^2 log r.
template <typename T>
struct Spline {
  const T *x, *y, *wx, *wy;
  std::ptrdiff_t count;
  T affine[6];
  T origin_x, origin_y, scale;
};

// A grid of displacements is interpolated between six nodes: two more before a cell, two after it.
constexpr int kMostCell = 32;  // pixels between nodes: 32, 16, 8 or 4
constexpr int kNodesBefore = 2;
constexpr int kNodesAround = 5;  // nodes that a run of cells needs beyond its count
constexpr std::ptrdiff_t kPadded = kBlock + kGroup;
constexpr std::ptrdiff_t kBandRows = 8;  // rows mapped at a time

// What a control point adds near itself to a smooth map, so that the sum is w r^2 log r:
// w R^2 / 2 (q ln q - s (1 + s (c2 + s (c3 + s c4)))), q = r^2 / R^2 < 1, s = q - 1.
struct SplinePeak {
  std::int32_t x, y;       // the pixel at the control point or up to one before it
  float shift_x, shift_y;  // from that pixel to the control point
  float radius2, inverse_radius2;
  float wx, wy;  // w R^2 / 2 in pixels
  float c2, c3, c4;
};

struct SplineGrid {
  const float *dx, *dy;  // rows of nodes, a value a pixel column; the first two cells above row 0
  std::ptrdiff_t row_stride;
  int cell;
};

struct TpsKernels {
  void (*displace_f64)(const Spline<double>&, const double* x, const double* y, std::ptrdiff_t n,
                       double* dx, double* dy);
  // Displacements at n points x, x + step, ... of row y; n a multiple of kGroup.
  void (*displace_row_f32)(const Spline<float>&, std::int32_t x, std::int32_t step, std::int32_t y,
                           std::ptrdiff_t n, float* dx, float* dy);
  // sign * the peaks, added to rows y, y + 1, ... of dx and dy: n points x, x + step, ... each
  // (zero may be added to up to kGroup - 1 values more). Rows of dx and dy are kPadded apart.
  void (*add_peaks_f32)(const SplinePeak*, std::ptrdiff_t count, std::int32_t x, std::int32_t step,
                        std::int32_t n, std::int32_t y, std::int32_t rows, float sign, float* dx,
                        float* dy);
  // A row of cells + kNodesAround nodes to cells * cell values.
  void (*expand_row_f32)(const float* nodes, std::ptrdiff_t cells, int cell, float* out);
  // Runs of n <= kBlock pixels from column x (a multiple of kGroup) on, in rows y, y + 1, ... of
  // one cell, to positions. Rows of sx and sy are kPadded apart.
  void (*grid_rows_f32)(const SplineGrid&, std::ptrdiff_t x, std::ptrdiff_t n, std::ptrdiff_t y,
                        std::ptrdiff_t rows, float* sx, float* sy);
  void (*sample_u8)(const Source<std::uint8_t>&, const float* x, const float* y, std::ptrdiff_t n,
                    std::uint8_t* out);
  void (*sample_f32)(const Source<float>&, const float* x, const float* y, std::ptrdiff_t n,
                     float* out);
};

// Between two rows of cells: the affine map of each column, as expanded from cells to samples.
struct SmoothRows {
  const float *gain0, *gain1, *offset0, *offset1;
  float t;  // from the first row to the second one
};

struct SmoothKernels {
  // Whether all lie in [0, 1].
  bool (*are_shares)(const float* x, std::ptrdiff_t n);
  // Sums of `rows` rows, column by column.
  void (*column_sums_u8)(const std::uint8_t* from, std::ptrdiff_t row_stride, std::ptrdiff_t rows,
                         std::ptrdiff_t n, float* out);
  void (*column_sums_f32)(const float* from, std::ptrdiff_t row_stride, std::ptrdiff_t rows,
                          std::ptrdiff_t n, float* out);
  // out[i] = share * the sum of from[i * cell] and those that follow it in its cell.
  void (*cell_sums)(const float* from, std::ptrdiff_t cell, float share, std::ptrdiff_t cells,
                    float* out);
  // out[i] = sums of taps[k] * from[i + k * step], k in [0, count).
  void (*weighted_sum)(const float* from, std::ptrdiff_t step, const float* taps,
                       std::ptrdiff_t count, std::ptrdiff_t n, float* out);
  // The same with all taps 1.
  void (*window_sum)(const float* from, std::ptrdiff_t step, std::ptrdiff_t count, std::ptrdiff_t n,
                     float* out);
  // wx = w x, wxx = w x x.
  void (*moments)(const float* w, const float* x, std::ptrdiff_t n, float* wx, float* wxx);
  // From window sums of w, wx, wxx: wa = w a and wb = w b, where a x + b fits the window.
  void (*fit)(const float* w, const float* sum, const float* sum_x, const float* sum_xx,
              float epsilon, std::ptrdiff_t n, float* wa, float* wb);
  // From window sums of w, wa, wb to what a sample is multiplied by and what is added to it.
  void (*blend)(const float* w, const float* x, const float* sum, const float* sum_a,
                const float* sum_b, float strength, float texture, std::ptrdiff_t n, float* gain,
                float* offset);
  // out[i] = row[left[i]] + t[i] (row[left[i] + 1] - row[left[i]]), where t and the steps of left
  // repeat after `cell`.
  void (*expand)(const float* row, std::ptrdiff_t cell, const std::int32_t* left, const float* t,
                 std::ptrdiff_t n, float* out);
  void (*apply_u8)(const SmoothRows&, std::ptrdiff_t n, std::uint8_t* row);
  void (*apply_f32)(const SmoothRows&, std::ptrdiff_t n, float* row);
};

// Rows of samples: one of the three pointers, the others null. At most 15 rows, so that sums of
// levels of 8 bits fit 16, and those over 15 columns too.
struct SampleRows {
  const std::uint8_t* u8;
  const std::uint16_t* u16;
  const float* f32;
  std::ptrdiff_t stride, count, values;
  int shift;  // of u16 to 8 bits
};

// The rows' sums, to be averaged over a block's columns: of whole blocks every step-th one counts,
// from step / 2 on.
struct BlockRow {
  std::ptrdiff_t width, channels;  // columns, the last block's perhaps fewer; 1 to 3 values each
  std::ptrdiff_t factor, step;
  std::ptrdiff_t rows;  // summed
};

// The points (x + dx i, y + dy i) of a grid or picture.
struct CropLine {
  float x, y, dx, dy;
};

struct CropColors {
  std::ptrdiff_t channels;  // of the first samples: 1 or 3
  float to_rgb[9], black[3];
  float scale, shift;  // of float output
};

struct CropKernels {
  void (*sum_rows)(const SampleRows&, std::uint16_t* sums);
  // Overwrites the sums and as many spare ones.
  void (*shrink)(const BlockRow&, std::uint16_t* sums, std::uint16_t* spare, std::uint8_t* out);
  void (*pair_up)(const std::uint8_t* first, const std::uint8_t* second, std::ptrdiff_t n,
                  std::uint8_t* out);
  // n <= kBlock points, bilinearly.
  void (*sample)(const Source<std::uint8_t>&, const CropLine&, std::ptrdiff_t n, std::uint8_t* out);
  // Grey, RGB, or luma and (`second` not null) pairs of Cb and Cr to RGB.
  void (*finish_u8)(const CropColors&, const std::uint8_t* first, const std::uint8_t* second,
                    std::ptrdiff_t n, std::uint8_t* out);
  void (*finish_f32)(const CropColors&, const std::uint8_t* first, const std::uint8_t* second,
                     std::ptrdiff_t n, float* out);
  // Gives `value` to the pixels whose points lie outside (-1/2, -1/2) to (right, bottom).
  void (*fill_u8)(const CropLine&, float right, float bottom, std::ptrdiff_t n, float value,
                  std::uint8_t* out);
  void (*fill_f32)(const CropLine&, float right, float bottom, std::ptrdiff_t n, float value,
                   float* out);
};

constexpr int kFlowWindow = 16;       // side of the window that is looked for, in pixels
constexpr int kFlowPad = 12;          // pixels continued round a level: half a window and more
constexpr float kFlowTexture = 0.5f;  // squared levels a pixel across a window's weak direction
constexpr float kFlowStill = 1e-4f;   // squared pixels: a step so short is the last one

// A level of a pyramid: readable kFlowPad pixels outside on each side.
struct FlowImage {
  const std::uint8_t* data;
  std::ptrdiff_t width, height, stride;
};

struct FlowKernels {
  // Moves (u, v) to where the window of `from` round (x, y) lies in `to`, and gives the mean square
  // of what still differs. False where that cannot be said; (u, v) then stay.
  bool (*follow)(const FlowImage& from, const FlowImage& to, float x, float y, int iterations,
                 float* u, float* v, float* square);
  // Means of 2 x 2 pixels, n of them.
  void (*halve_row)(const std::uint8_t* upper, const std::uint8_t* lower, std::ptrdiff_t n,
                    std::uint8_t* out);
};

// In headers of their own: boost_kernels.h, cascade_kernels.h (two), match_kernels.h,
// pca_kernels.h, raster_kernels.h, shape_context_kernels.h.
struct BoostKernels;
struct CascadeKernels;
struct IntegralKernels;
struct MatchKernels;
struct PcaKernels;
struct RasterKernels;
struct ShapeContextKernels;

#define CVFAST_DECLARE_KERNELS(isa)                                                             \
  namespace isa {                                                                               \
  void sample_u8(const Source<std::uint8_t>&, const float* x, const float* y, std::ptrdiff_t n, \
                 std::uint8_t* out);                                                            \
  void sample_f32(const Source<float>&, const float* x, const float* y, std::ptrdiff_t n,       \
                  float* out);                                                                  \
  extern const WarpKernels warp_kernels;                                                        \
  extern const TpsKernels tps_kernels;                                                          \
  extern const BoxKernels box_kernels;                                                          \
  extern const NmsKernels nms_kernels;                                                          \
  extern const SoftKernels soft_kernels;                                                        \
  extern const PcaKernels pca_kernels;                                                          \
  extern const SmoothKernels smooth_kernels;                                                    \
  extern const CropKernels crop_kernels;                                                        \
  extern const FlowKernels flow_kernels;                                                        \
  extern const BoostKernels boost_kernels;                                                      \
  extern const CascadeKernels cascade_kernels;                                                  \
  extern const IntegralKernels integral_kernels;                                                \
  extern const MatchKernels match_kernels;                                                      \
  extern const RasterKernels raster_kernels;                                                    \
  extern const ShapeContextKernels shape_context_kernels;                                       \
  }

CVFAST_DECLARE_KERNELS(baseline)
CVFAST_DECLARE_KERNELS(v3)
CVFAST_DECLARE_KERNELS(v4)

}  // namespace cvfast
