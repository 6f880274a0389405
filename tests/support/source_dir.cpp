#include "tests/support/source_dir.h"

namespace kerf::test {

std::string source_dir() { return KERF_SOURCE_DIR; }

}  // namespace kerf::test
