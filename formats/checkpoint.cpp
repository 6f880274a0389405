#include "formats/checkpoint.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/container.h"
#include "formats/impostor.h"

namespace kerf::formats {
namespace {

std::string summaries() {
  std::vector<std::string> all;
  for (const ContainerInfo* container : containers()) all.emplace_back(container->summary);
  return join(all, ", ");
}

[[noreturn]] void refuse_absent(const std::string& path) {
  for (const ContainerInfo* container : containers()) {
    const std::string meant = container->meant == nullptr ? "" : container->meant(path);
    if (meant.empty()) continue;
    throw_input(path, "", fmt::format("there is no such file, but {}; name that", quoted(meant)));
  }
  throw_input(path, "", "there is no such file or directory");
}

}  // namespace

const std::vector<const ContainerInfo*>& containers() {
#define X(name) &name##_container(),
  static const std::vector<const ContainerInfo*> all = {
#include "formats/containers.def"
  };
#undef X
  return all;
}

Checkpoint open_checkpoint(const std::string& path, const OpenOptions& options) {
  if (!path_exists(path)) refuse_absent(path);
  for (const ContainerInfo* container : containers()) {
    if (!container->matches(path)) continue;
    Checkpoint checkpoint = container->open(path, options);
    checkpoint.path = path;
    checkpoint.format = container->name;
    return checkpoint;
  }
  if (is_regular_file(path)) {
    if (const auto impostor = describe_binary_impostor(read_start(*InputFile::open(path)))) {
      throw_input(path, "", fmt::format("is {}", *impostor));
    }
  }
  throw_input(path, "", fmt::format("is not a model that kerf opens: {}", summaries()));
}

}  // namespace kerf::formats
