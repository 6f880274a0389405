#include <string>
#include <vector>

#include "cli/application.h"
#include "cli/failure.h"
#include "core/output.h"
#include "core/threads.h"

int main(int argc, char** argv) {
  kerf::remove_temporaries_on_signal();
  kerf::reset_floating_point_state();
  return kerf::cli::guarded([&] {
    std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    return kerf::cli::Application().run(std::move(words));
  });
}
