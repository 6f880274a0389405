#pragma once

#include <cstdint>
#include <memory>

namespace kerf::ops::linalg {

/// The one face of the dense library (oneDNN). All functions are serial and thread-safe: kerf's threads run over
/// tiles of fixed size, so results do not depend on the number of threads. For equal shapes and values every call
/// gives the same bits.

/// A weight matrix W [out, in] packed once in the library's own layout for y = x W^T.
class PackedMatrix {
 public:
  /// `weights` row-major [out, in]; not needed afterwards.
  static std::shared_ptr<const PackedMatrix> pack(const float* weights, std::int64_t out, std::int64_t in);
  virtual ~PackedMatrix() = default;

  virtual std::int64_t out_features() const = 0;
  virtual std::int64_t in_features() const = 0;
  virtual std::uint64_t bytes() const = 0;
  /// y [rows, out] = x [rows, in] * W^T (+ bias [out], may be null), row-major and dense. parallel over fixed tiles of
  /// rows when called outside parallel_for.
  virtual void multiply(const float* x, std::int64_t rows, const float* bias, float* y) const = 0;
};

/// C [m, n] = alpha * op(A) * op(B) + beta * C, row-major with leading dimensions (elements between rows).
/// op(A) is [m, k]: A itself, or A^T when transpose_a (A is then stored [k, m]); likewise B. Serial.
void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha,
          const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc);

/// Name and version of the library and the instruction set it uses, e.g. "oneDNN 2.6.3 (AVX-512 VNNI)".
const char* library_name();

}  // namespace kerf::ops::linalg
