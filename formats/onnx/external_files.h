#pragma once

#include <map>
#include <string>

#include "formats/onnx/byte_source.h"

namespace kerf::formats::onnx {

/// The files beside a model that hold values of its tensors, each opened once. Not thread-safe.
class ExternalFiles {
 public:
  /// `model_path`: what the locations are relative to the folder of.
  explicit ExternalFiles(std::string model_path) : model_path_(std::move(model_path)) {}

  /// The file of a location. It must lie in the model's folder, or beside the file that the model's path is a link to
  /// (the Hub's cache keeps files under other names in one folder and links to them): no absolute path, no "..", no
  /// link that leads elsewhere. Error(kInput) naming the model and `place`.
  ByteSourcePtr open(const std::string& location, const std::string& place);
  /// All files that were opened, by path.
  const std::map<std::string, ByteSourcePtr>& files() const { return files_; }

 private:
  std::string model_path_;
  std::map<std::string, ByteSourcePtr> files_;
};

}  // namespace kerf::formats::onnx
