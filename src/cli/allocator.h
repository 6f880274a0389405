#pragma once

namespace kerf::cli {

/// From now on all threads allocate from one pool, where the system's allocator has one for each otherwise: what a
/// thread has freed is there for the others, so that memory in use stays near what is asked for. Before any thread
/// starts.
void share_one_pool();

}  // namespace kerf::cli
