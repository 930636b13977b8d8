// Boosted cascades and the integral images they look at: as kernels.h, for its files in this
// folder.
#pragma once

#include "kernels/kernels.h"

namespace cvfast {

constexpr std::ptrdiff_t kPatches = 16;       // small pictures that a cascade looks at together
constexpr std::int32_t kMostTreeNodes = 256;  // of a cascade's tree

// A question a tree asks: is a feature's value below a threshold, or its code among a set.
struct CascadeNode {
  std::int32_t corners[16];  // places in the integral image: 4 a rectangle, or a grid of 4 x 4
  std::int32_t subset[8];    // codes that go left
  float weights[3];
  float threshold;           // values below go left
  std::int32_t left, right;  // over 0: another node of the tree; else a leaf
  double leaves[2];          // of the right side, of the left side
  std::int32_t tree_nodes;   // of the tree, in its first node
};

struct CascadeStage {
  double threshold;
  const CascadeNode* nodes;
  std::int32_t trees;
  bool stumps;  // all trees have one node
};

// A cascade for one layout of integral images: all places count from a window's first corner.
struct CascadePlan {
  const CascadeStage* stages;
  std::int32_t stage_count;
  bool lbp;
  std::int32_t sums[4], squares[4];  // corners of what contrast is measured in
  double area;
};

struct CascadeHit {
  std::int32_t window;
  double sum;
};

// Lines of an integral image: of pixels, squared pixels (null: none) and sums of slanted triangles
// (null: none), each from column 0, where nothing is summed yet. `half` > 0: even columns and from
// there on odd ones.
struct IntegralRow {
  std::int32_t *sums, *squares, *tilted;
  std::ptrdiff_t half;
};

// Running lines of width + 1, in order of columns.
struct IntegralLines {
  std::uint32_t *sums, *squares;
  std::uint32_t *tilted, *tilted_before;
  const std::uint8_t* pixels_before;
};

struct CascadeKernels {
  // Windows that begin at row[0], row[1], ...: those that pass, and how many they are. Up to
  // kPatches windows more are read. A window that fails the first stage hides the next one.
  std::ptrdiff_t (*scan_row)(const CascadePlan&, const std::int32_t* row, std::ptrdiff_t windows,
                             CascadeHit*);
  // kPatches windows at at[0], at[1], ...: how many stages each passes, -1 without contrast.
  void (*scan_patches)(const CascadePlan&, const std::int32_t* at, std::int32_t* passed);
};

struct IntegralKernels {
  // out[i] = (256 - share[i]) row[from[i]] + share[i] row[from[i] + 1]; `width` of the row.
  void (*stretch_row)(const std::uint8_t* row, std::ptrdiff_t width, const std::int32_t* from,
                      const std::uint16_t* share, std::ptrdiff_t n, std::uint16_t* out);
  void (*blend_rows)(const std::uint16_t* upper, const std::uint16_t* lower, std::uint32_t share,
                     std::ptrdiff_t n, std::uint8_t* out);
  // One more row of pixels. The line of tilted sums goes where the one before the last was.
  void (*integrate_row)(const std::uint8_t* pixels, std::ptrdiff_t width, const IntegralLines&,
                        const IntegralRow&);
  // Integral images of kPatches pictures, each in a lane; squares null: none, tilted null: none.
  void (*integrate_patches)(const std::uint8_t* const* pictures, std::ptrdiff_t width,
                            std::ptrdiff_t height, std::uint32_t* sums, std::uint32_t* squares,
                            std::uint32_t* tilted);
};

}  // namespace cvfast
