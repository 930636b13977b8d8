// Principal components: the sums over samples that a fit needs, and the projections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace cvfast {

// Samples somebody else owns: one packed row each, any stride between rows.
template <typename T>
struct Samples {
  const T* data;
  std::ptrdiff_t count;    // rows
  std::ptrdiff_t columns;  // values a row
  std::ptrdiff_t stride;   // elements from one row to the next, may be negative

  const T* row(std::ptrdiff_t i) const { return data + i * stride; }
};

// Everywhere: the same bytes for every thread count; threads 0 stands for num_threads(). NaN and
// infinity throw std::invalid_argument that names the row, memory that is not there std::bad_alloc.

// mean: one number a column, exact to a rounding from uint8. There must be at least one row.
void column_means(const Samples<std::uint8_t>& x, double* mean, int threads);
void column_means(const Samples<float>& x, double* mean, int threads);

enum class ScatterSide { samples, columns };

// With c = x - mean: the products c c^T (count x count) or c^T c (columns x columns), the lower
// triangle of a packed square. From uint8 the sums are exact integers, rounded once when the mean
// comes off; from float32 blocks of 256 float products are summed in double.
void scatter(const Samples<std::uint8_t>& x, const double* mean, ScatterSide side, double* out,
             int threads);
void scatter(const Samples<float>& x, const double* mean, ScatterSide side, double* out,
             int threads);

// out = weights (x - mean), packed: the components from the eigenvectors of c c^T.
void combine(const Samples<float>& weights, const Samples<std::uint8_t>& x, const double* mean,
             float* out, int threads);
void combine(const Samples<float>& weights, const Samples<float>& x, const double* mean, float* out,
             int threads);

// out = scores components + mean, packed; to uint8 rounded to the nearest level and clipped.
void reconstruct(const Samples<float>& scores, const Samples<float>& components, const double* mean,
                 float* out, int threads);
void reconstruct(const Samples<float>& scores, const Samples<float>& components, const double* mean,
                 std::uint8_t* out, int threads);

// Components laid out for the instruction set in use. A row's result does not depend on the rows
// that come with it.
class Projection {
 public:
  Projection(const Samples<float>& components, const double* mean);
  ~Projection();
  Projection(const Projection&) = delete;
  Projection& operator=(const Projection&) = delete;

  std::ptrdiff_t components() const;
  std::ptrdiff_t columns() const;

  // out = (x - mean) components^T, packed.
  void transform(const Samples<std::uint8_t>& x, float* out, int threads) const;
  void transform(const Samples<float>& x, float* out, int threads) const;

 private:
  struct Packed;
  std::unique_ptr<const Packed> packed_;
};

// Components rounded to 16 bits each, of half the size in memory, which is what bounds the
// projection of one row: for choices that an error of a few 1e-5 of the row's length seldom
// changes.
class ShortProjection {
 public:
  ShortProjection(const Samples<float>& components, const double* mean);
  ~ShortProjection();
  ShortProjection(const ShortProjection&) = delete;
  ShortProjection& operator=(const ShortProjection&) = delete;

  std::ptrdiff_t components() const;
  std::ptrdiff_t columns() const;

  // scores: of the first row of x, near those of Projection. Returns how far off they may be, all
  // of them together as a vector; the rounding of float sums is counted as 1e-5 of the row's
  // length.
  double transform(const Samples<std::uint8_t>& x, float* scores) const;
  double transform(const Samples<float>& x, float* scores) const;

 private:
  struct Packed;
  std::unique_ptr<const Packed> packed_;
};

}  // namespace cvfast
