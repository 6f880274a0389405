#pragma once

#include <cstdint>
#include <functional>

namespace kerf {

/// Number of threads that parallel_for uses: what set_thread_count() said, by default the processors that this
/// process may run on (its affinity and cgroup quota).
int thread_count();
void set_thread_count(int count);

/// Calls body(i) once for every i in [0, count), on up to thread_count() threads, in no particular order. Results must
/// not depend on which thread runs what: bodies write to places of their own. Called inside a body it runs serially on
/// the calling thread, so the outermost loop is the parallel one; a loop of a single body leaves the threads to those
/// inside it. The first exception thrown by a body is rethrown here after all threads have stopped. If the system
/// refuses threads, fewer are used.
void parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& body);

/// True inside a body of a parallel_for that runs on several threads.
bool in_parallel();

/// Default rounding, denormals kept: sets this thread's floating-point state, whatever a library left behind.
/// parallel_for does it for its threads; main() calls it once.
void reset_floating_point_state();

}  // namespace kerf
