// Principal components: as kernels.h, for its files in this folder.
#pragma once

#include "kernels/kernels.h"

namespace cvfast {

// Matrix products work on tiles: `rows` rows of the left factor, each kTileStride words after the
// one before, times a panel of the right factor, `vectors` (1 or 2) vectors of `lanes` columns,
// `step` words from one depth to the next. A panel narrower than its vectors reads on into what
// follows: those columns of the tile mean nothing. Tiles and panels hold 4-byte words: a float, or
// four bytes that follow each other in depth.
constexpr std::ptrdiff_t kTileDepth = 1024;
constexpr std::ptrdiff_t kTileStride = kTileDepth + 16;  // a power of two would share cache sets
constexpr std::ptrdiff_t kMostTileRows = 12;
constexpr std::ptrdiff_t kMostPanel = 32;

struct PcaKernels {
  std::ptrdiff_t tile_rows;  // at most kMostTileRows
  std::ptrdiff_t lanes;      // twice that is at most kMostPanel
  // tile: rows x (vectors * lanes), packed. Float products are fused where the set can.
  void (*product_f32)(const float* a, const float* b, std::ptrdiff_t step, std::ptrdiff_t depth,
                      std::ptrdiff_t rows, std::ptrdiff_t vectors, float* tile);
  // sums += a b of one row with unpacked rows of b, the same bytes as product_f32 from sums of 0.
  void (*product_row_f32)(const float* a, const float* b, std::ptrdiff_t b_stride,
                          std::ptrdiff_t depth, std::ptrdiff_t n, float* sums);
  // sums: of a times each row of shorts; n is a multiple of lanes. Four rows are read at a time.
  void (*dots_i16)(const float* a, const std::int16_t* rows, std::ptrdiff_t count, std::ptrdiff_t n,
                   float* sums);
  // a unsigned, b unsigned; always tile_rows x 2 vectors.
  void (*product_u8)(const std::uint32_t* a, const std::uint32_t* b, std::ptrdiff_t depth,
                     std::int32_t* tile);
  // a unsigned, b signed; null where the set has no such instruction. Needs AVX-512 VNNI.
  void (*product_u8s8)(const std::uint32_t* a, const std::uint32_t* b, std::ptrdiff_t depth,
                       std::int32_t* tile);
  // out = x - mean; the second returns whether all values are finite.
  void (*center_u8)(const std::uint8_t* x, const float* mean, std::ptrdiff_t n, float* out);
  bool (*center_f32)(const float* x, const float* mean, std::ptrdiff_t n, float* out);
  // to[c * to_stride + r] = from[r * from_stride + c] ^ flip
  void (*transpose)(const std::uint32_t* from, std::ptrdiff_t from_stride, std::ptrdiff_t rows,
                    std::ptrdiff_t columns, std::uint32_t flip, std::uint32_t* to,
                    std::ptrdiff_t to_stride);
  // Four rows of bytes to words, one a column.
  void (*interleave_u8)(const std::uint8_t* const* rows, std::ptrdiff_t n, std::uint32_t* out);
  void (*sum_u8)(const std::uint8_t* x, std::ptrdiff_t n, std::uint32_t* sums);
  void (*sum_f32)(const float* x, std::ptrdiff_t n, double* sums);
  // out (+)= tile, row by row.
  void (*store_tile)(const float* tile, std::ptrdiff_t tile_stride, std::ptrdiff_t rows,
                     std::ptrdiff_t columns, float* out, std::ptrdiff_t stride);
  void (*add_tile)(const float* tile, std::ptrdiff_t tile_stride, std::ptrdiff_t rows,
                   std::ptrdiff_t columns, float* out, std::ptrdiff_t stride);
  void (*accumulate_f32)(const float* x, std::ptrdiff_t n, double* sums);
  void (*accumulate_f64)(const double* x, std::ptrdiff_t n, double* sums);
  void (*accumulate_i32)(const std::int32_t* x, std::ptrdiff_t n, double* sums);
  // out = x + mean, to uint8 rounded and clipped.
  void (*finish_f32)(const float* x, const float* mean, std::ptrdiff_t n, float* out);
  void (*finish_u8)(const float* x, const float* mean, std::ptrdiff_t n, std::uint8_t* out);
};

}  // namespace cvfast
