#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "api/open_model.h"
#include "api/session.h"
#include "text/windows.h"

namespace kerf::api {

/// Memory that running models side by side takes, beside the values that streams keep; in bytes, an estimate.
struct MeasuringMemory {
  std::size_t subjects = 0;   ///< a number
  std::uint64_t program = 0;  ///< what the process has already
  std::uint64_t results = 0;  ///< what is collected of all windows
  std::uint64_t walking = 0;  ///< weights of a block, once for all and once for one, and the values inside it
  std::uint64_t head = 0;     ///< the last block of one model, with its logits
  std::uint64_t reading = 0;  ///< the largest weight of the last block, as it is read and rounded

  /// With the last blocks of so many models.
  std::uint64_t working(std::size_t heads) const;
  /// Models whose last blocks fit in `ram` bytes beside what streams keep, `kept`.
  std::size_t heads_in(std::uint64_t ram, std::uint64_t kept) const;
};

/// Of models that run windows of at most `longest` tokens on so many threads; without results.
MeasuringMemory running_memory(std::span<const OpenModel* const> models, std::uint64_t longest, int threads);
/// Of models that run these windows on so many threads, as that many subjects: some may share a model.
MeasuringMemory measuring_memory(std::span<const OpenModel* const> models, std::span<const text::Window> windows,
                                 std::size_t subjects, int threads);

/// Sees to it that measuring keeps to the session's memory: Session::check() and set_aside() with the last blocks of
/// two models, or the only one. `quantizing`: what has to be in memory for that, beside the program. Returns how
/// many last blocks fit at once.
std::size_t plan_measuring(const MeasuringMemory& memory, std::uint64_t quantizing, const Session& session);

}  // namespace kerf::api
