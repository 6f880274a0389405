#include "formats/container.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/huggingface.h"
#include "formats/impostor.h"
#include "formats/model_folder.h"
#include "formats/onnx/import.h"

namespace kerf::formats {
namespace {

constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{16} << 20;

/// A version, then the producer's name, the graph or the operator sets: what a ModelProto begins with.
bool looks_like_onnx(std::string_view start) {
  constexpr char kVersion = 0x08, kProducer = 0x12, kGraph = 0x3a, kOpset = 0x42;
  return start.size() > 3 && start[0] == kVersion && start[1] > 0 && start[1] < 32 &&
         (start[2] == kProducer || start[2] == kGraph || start[2] == kOpset);
}

bool matches(const std::string& path) {
  if (is_directory(path)) return find_onnx_model(path).has_value();
  if (!is_regular_file(path)) return false;
  if (ends_with(to_lower_ascii(file_name(path)), ".onnx")) return true;
  try {
    return looks_like_onnx(read_start(*InputFile::open(path)));
  } catch (const Error&) {
    return false;
  }
}

/// The folder with a file of the model that was exported: the model's own, or the one around it (optimum writes
/// onnx/model.onnx beside tokenizer.json). Empty if neither has it.
std::string folder_with(const std::string& path, std::string_view name) {
  const std::string beside = parent_path(path).empty() ? "." : parent_path(path);
  for (const std::string& folder : {beside, join_path(beside, "..")}) {
    if (is_regular_file(join_path(folder, name))) return folder;
  }
  return {};
}

Checkpoint open(const std::string& given, const OpenOptions& /*options*/) {
  const std::string path = is_directory(given) ? find_onnx_model(given).value_or(given) : given;
  const auto file = InputFile::open(path);
  if (const auto impostor = describe_binary_impostor(read_start(*file))) {
    throw_input(path, "", fmt::format("is {}", *impostor));
  }
  Checkpoint checkpoint;
  checkpoint.config_file = path;
  if (const std::string folder = folder_with(path, "config.json"); !folder.empty()) {
    checkpoint.config_file = join_path(folder, "config.json");
    checkpoint.config = read_json_object(checkpoint.config_file, kMaxConfigBytes);
  }
  const auto imported = onnx::import_model(onnx::make_byte_source(file), checkpoint.config);
  checkpoint.tensor_files = imported->files;
  checkpoint.imported = imported;
  checkpoint.activations = imported->activations;
  for (const std::string_view name : {"tokenizer.json", "tokenizer.model", "vocab.txt", "vocab.json"}) {
    const std::string folder = folder_with(path, name);
    if (folder.empty()) continue;
    checkpoint.tokenizer = read_tokenizer(folder);
    break;
  }
  return checkpoint;
}

}  // namespace

const ContainerInfo& onnx_container() {
  static const ContainerInfo container{.name = "onnx",
                                       .summary = "an .onnx file, or a folder with one and no other weights",
                                       .matches = matches,
                                       .open = open};
  return container;
}

}  // namespace kerf::formats
