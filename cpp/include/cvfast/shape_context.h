// Shape contexts (Belongie, Malik and Puzicha 2002): how a contour's other points lie round each of
// its points, what two such histograms cost to match, and the cheapest matching.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cvfast {

constexpr int kMostAngles = 36, kMostRadii = 16;
constexpr std::ptrdiff_t kMostShapePoints = 20000;

// A log-polar histogram: `angles` equal sectors (even), `radii` rings that end at `radii` distances
// from inner to outer, in equal steps of the logarithm. The first ring is a disc.
struct ShapeContextBins {
  int angles, radii;
  double inner, outer;  // in units of the mean distance
};

// Mean distance over all pairs of points that count (each with itself too). counts: a byte a point,
// or null for all ones. 0 where none counts.
double mean_distance(const double* points, std::ptrdiff_t count, const std::uint8_t* counts,
                     int threads);

// out (count, radii * angles): shares of the other points that count within each bin round every
// point; their sum is 1, or 0 where no point lies within the outer ring. unit: px of a distance 1.
// Ring-major; sector 0 begins at the x axis, and angles grow towards y.
// Throws std::invalid_argument for points that are not finite and bins out of range.
void shape_contexts(const double* points, std::ptrdiff_t count, const std::uint8_t* counts,
                    double unit, const ShapeContextBins& bins, float* out, int threads);

// out (rows, columns): half the sum of (a - b)^2 / (a + b) over the bins, in [0, 1] for shares.
// Throws std::invalid_argument for values that are negative or not finite.
void chi_square_costs(const float* a, std::ptrdiff_t rows, const float* b, std::ptrdiff_t columns,
                      std::ptrdiff_t bins, float* out, int threads);

// matches[row]: the column of the cheapest one-to-one matching of all rows (of all columns where
// those are fewer; -1 for the rows left over). By shortest augmenting paths after Jonker and
// Volgenant (1987) and, for rectangles, Crouse (2016); in double.
// Throws std::invalid_argument for costs beyond 1e100 and such as are not finite.
void assign(const double* costs, std::ptrdiff_t rows, std::ptrdiff_t columns,
            std::int64_t* matches);

// Solves matrix * x = right by Gauss elimination with partial pivoting: right (n, columns) becomes
// x. The order of all sums is fixed, as a LAPACK's is not.
// Throws std::invalid_argument for values that are not finite and for a singular matrix.
void solve(const double* matrix, double* right, std::ptrdiff_t n, std::ptrdiff_t columns);

struct ShapeOutline {
  const double *points, *tangents;  // (count, 2) each; tangents of unit length
  const std::uint8_t* known;        // a byte a point; others neither count nor match
  std::ptrdiff_t count;
};

struct ShapeMatchOptions {
  int iterations;
  double stiffness;  // smoothing of the splines after the first, in squared mean distances
  double tangents;   // their share of the costs
  double spare;      // share of points that may go without a partner
  double unmatched;  // what each of those costs
};

// Belongie's loop: shape contexts, costs, matching, and a spline that moves the source's points, in
// turns. matches (source.count): numbers of target points or -1; costs (source.count): of each
// pair, 0 where there is none. Threads would not pay below thousands of points. Throws
// std::invalid_argument for fewer than four known points, and where no spline fits.
void match_shapes(const ShapeOutline& source, const ShapeOutline& target,
                  const ShapeMatchOptions& options, std::int64_t* matches, double* costs);

}  // namespace cvfast
