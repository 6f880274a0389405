#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/output.h"
#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// Takes the bytes of a tensor's values in order, a piece at a time.
using ByteSink = std::function<void(std::span<const std::byte>)>;
/// Gives the values of an initializer, as raw_data has them: place.bytes of them.
using ValueWriter = std::function<void(const proto::TensorProto& tensor, const ByteSink& sink)>;

/// Where the values of initializers go.
struct DataFile {
  std::string name;     ///< of the file beside the model: "model.onnx.data"
  bool always = false;  ///< not only where protobuf's limit of 2 GiB asks for it
};

/// A model on its way into one file, or into two: the message, and beside it the values of its large initializers.
/// Sizes are known before any values are; one tensor's values pass through memory at a time.
class ModelWriter {
 public:
  /// `model`: complete but for the values of those initializers of the main graph that have `place`, of which only
  /// `bytes` counts. Error(kUsage) if the message is too large without them.
  ModelWriter(proto::ModelProto model, const DataFile& data);

  bool has_data_file() const { return has_data_file_; }
  std::uint64_t model_bytes() const { return model_bytes_; }
  std::uint64_t data_bytes() const { return data_bytes_; }
  std::uint64_t streamed_bytes() const;  ///< values alone
  /// Whatever is written, in the order of the initializers; does not commit. `data`: null if there is no such file.
  void write(OutputFile& file, OutputFile* data, const ValueWriter& values) const;

 private:
  void move_out(const std::string& name);
  void measure();

  proto::ModelProto model_;
  bool has_data_file_ = false;
  std::uint64_t model_bytes_ = 0, graph_bytes_ = 0, data_bytes_ = 0;
};

}  // namespace kerf::formats::onnx
