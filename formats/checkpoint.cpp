#include "formats/checkpoint.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/container.h"

namespace kerf::formats {
namespace {

std::string summaries() {
  std::vector<std::string> all;
  for (const ContainerInfo* container : containers()) all.emplace_back(container->summary);
  return join(all, ", ");
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

Checkpoint open_checkpoint(const std::string& path) {
  if (!path_exists(path)) throw_input(path, "", "there is no such file or directory");
  for (const ContainerInfo* container : containers()) {
    if (!container->matches(path)) continue;
    Checkpoint checkpoint = container->open(path);
    checkpoint.path = path;
    checkpoint.format = container->name;
    return checkpoint;
  }
  throw_input(path, "", fmt::format("is not a model that kerf opens: {}", summaries()));
}

}  // namespace kerf::formats
