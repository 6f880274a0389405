#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/reader.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors::test_layouts {

/// A file of a few tensors, whose parts a test replaces, and its quantization_config.
class ModuleFile {
 public:
  struct Part {
    std::string dtype, shape, data;
  };

  explicit ModuleFile(std::string_view layout) : layout_(*find_layout(layout)) {}

  std::map<std::string, Part> parts;
  std::string config = "{}";

  graph::SourceMap open() {
    std::string header = "{", data;
    for (const auto& [name, part] : parts) {
      header += (header.size() == 1 ? "\"" : ",\"") + name + R"(":{"dtype":")" + part.dtype + R"(","shape":)" +
                part.shape + R"(,"data_offsets":[)" + std::to_string(data.size()) + "," +
                std::to_string(data.size() + part.data.size()) + "]}";
      data += part.data;
    }
    json_ = Json::parse(config, "config.json");
    return layout_.decode(JsonCursor(json_, "config.json", "quantization_config"),
                          Reader(dir_->write("m.safetensors", kerf::test::file_of(header + "}", data))).stored());
  }

  graph::SourcePtr source(const std::string& name = "m.weight") { return open().at(name); }

  std::vector<float> values(const std::string& name = "m.weight") {
    const Tensor all = source(name)->read();
    return {all.values<float>().begin(), all.values<float>().end()};
  }

  void expect_refused(std::string_view message) {
    kerf::test::expect_error(ErrorCode::kInput, message, [&] { values(); });
  }
  /// With one part replaced.
  void expect_refused(const std::string& name, const Part& part, std::string_view message) {
    SCOPED_TRACE(name + " " + part.dtype + part.shape);
    const auto kept = parts;
    parts[name] = part;
    expect_refused(message);
    parts = kept;
  }
  /// Without a part.
  void expect_refused_without(const std::string& name, std::string_view message) {
    SCOPED_TRACE(name);
    const auto kept = parts;
    parts.erase(name);
    expect_refused(message);
    parts = kept;
  }
  void expect_config_refused(const std::string& json, std::string_view message) {
    SCOPED_TRACE(json);
    const std::string kept = config;
    config = json;
    expect_refused(message);
    config = kept;
  }

 private:
  const LayoutInfo& layout_;
  Json json_;
  std::shared_ptr<kerf::test::TempDir> dir_ = std::make_shared<kerf::test::TempDir>();
};

/// The bytes of a part as encode() gives them.
inline std::string encoded_part(const std::vector<EncodedTensor>& tensors, std::string_view name) {
  for (const EncodedTensor& tensor : tensors) {
    if (tensor.plan.name == name) {
      return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()};
    }
  }
  return "no such part";
}

}  // namespace kerf::formats::safetensors::test_layouts
