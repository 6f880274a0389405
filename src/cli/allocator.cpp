#include "cli/allocator.h"

#include <malloc.h>

namespace kerf::cli {

void share_one_pool() {
#if defined(M_ARENA_MAX)
  mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace kerf::cli
