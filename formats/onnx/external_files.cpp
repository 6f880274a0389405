#include "formats/onnx/external_files.h"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::onnx {
namespace {

namespace fs = std::filesystem;

/// Is `path` below `folder`? Both without links.
bool is_below(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

ByteSourcePtr ExternalFiles::open(const std::string& location, const std::string& place) {
  check_relative_path(location, model_path_, place);
  const std::string folder = parent_path(model_path_), path = join_path(folder, location);
  if (const auto found = files_.find(path); found != files_.end()) return found->second;
  if (!path_exists(path)) {
    throw_input(model_path_, place,
                fmt::format("its values are in {}, which is not beside the model", kerf::quoted(location)));
  }
  std::error_code failure;
  const fs::path target = fs::canonical(path, failure);
  const fs::path model = failure ? fs::path() : fs::canonical(model_path_, failure);
  const fs::path home = failure ? fs::path() : fs::canonical(folder.empty() ? "." : folder, failure);
  if (failure || (!is_below(target, home) && target.parent_path() != model.parent_path())) {
    throw_input(model_path_, place,
                fmt::format("its values are in {}, which leads out of the model's folder", kerf::quoted(location)));
  }
  auto source = make_byte_source(InputFile::open(target.string()));
  files_.emplace(path, source);
  return source;
}

}  // namespace kerf::formats::onnx
