#include "cli/command.h"

namespace kerf::cli {

std::vector<const Command*> commands() {
  return {
#define X(name) &name##_command(),
#include "cli/commands.def"
#undef X
  };
}

}  // namespace kerf::cli
