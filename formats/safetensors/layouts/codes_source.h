#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "formats/safetensors/reader.h"
#include "graph/tensor_source.h"

namespace kerf::formats::safetensors {

/// The tensors of one quantized module, as the files have them.
struct CodesModule {
  std::string name;
  StoredTensor codes;
  std::int64_t rows = 0, cols = 0;
  std::uint64_t bytes = 0;                    ///< of all its tensors
  std::vector<std::int32_t> column_groups{};  ///< group of each column; empty: neighbours, as the scheme has them
  /// Its numbers are the scheme's, but not all that the scheme asks of them holds: no codes are given out.
  bool values_only = false;
};

/// The weight NAME.weight of a module whose tensors are known to agree with `scheme`. Layouts say how its parts are
/// read; codes are read from the file by rows.
class CodesSource : public graph::TensorSource {
 public:
  CodesSource(CodesModule module, codec::Scheme scheme);

  std::optional<codec::Scheme> scheme() const override;
  std::optional<codec::Scheme> rounded_to() const override { return scheme_; }
  std::string stored_as() const override;
  std::uint64_t stored_bytes() const override { return module_.bytes; }
  std::optional<codec::QuantizedTensor> read_quantized() const override;
  void read_rows(std::int64_t first, std::int64_t count, float* out) const override;

 protected:
  const CodesModule& module() const { return module_; }
  const codec::Scheme& layout_scheme() const { return scheme_; }
  /// Rows that are unpacked at a time: about a megabyte of codes.
  std::int64_t slab_rows() const;

  /// Codes of rows [first, first + count).
  virtual void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const = 0;
  /// Scales, zero points and minima of these rows -> those of `weight`, which has just them.
  virtual void read_parameters(std::int64_t first, std::int64_t count, codec::QuantizedTensor& weight) const = 0;

 private:
  void dequantize(const codec::QuantizedTensor& slab, float* out) const;
  CodesModule module_;
  codec::Scheme scheme_;
};

/// Group of each column as a module's index says -> empty if it says no more than the scheme does: runs of group_size
/// columns. Error(kInput) at `index` for a group that there is not.
std::vector<std::int32_t> column_groups(const StoredTensor& index, const codec::Scheme& scheme, std::int64_t cols);

}  // namespace kerf::formats::safetensors
