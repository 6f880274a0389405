#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/checkpoint.h"

namespace kerf::formats {

/// One kind of model that open_checkpoint() opens; formats/containers.def lists them all, in the order of asking.
struct ContainerInfo {
  std::string_view name;     ///< Checkpoint::format
  std::string_view summary;  ///< what it opens, for help and errors: "a .gguf file"
  /// Is `path`, which exists, of this kind? Looks at the kind of file, its name and its first bytes; a file that
  /// cannot be read is not of this kind. Claiming a broken file is right: open() then says what is wrong with it.
  bool (*matches)(const std::string& path);
  /// Opens it: Error(kInput) naming the file and what is wrong.
  Checkpoint (*open)(const std::string& path, const OpenOptions& options);
  /// For a path that does not exist: the model of this kind that is there under a name made of it, or "". May be null.
  std::string (*meant)(const std::string& path) = nullptr;
};

const std::vector<const ContainerInfo*>& containers();

/// For X(name) in the list, a function name_container() that the container's own file defines.
#define X(name) const ContainerInfo& name##_container();
#include "formats/containers.def"
#undef X

}  // namespace kerf::formats
