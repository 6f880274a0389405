#include "emit/weight_hash.h"

#include <algorithm>
#include <vector>

#include "core/threads.h"

namespace kerf::emit {

std::int64_t hashed_rows(const graph::TensorSource& source) {
  constexpr std::int64_t kPartValues = std::int64_t{1} << 18;
  return std::max<std::int64_t>(kPartValues / std::max<std::int64_t>(source.row_size(), 1), 1);
}

Fingerprint values_fingerprint(std::span<float> values) {
  for (float& value : values) value += 0.0F;
  return fingerprint(std::as_bytes(values));
}

std::string weight_hash(const graph::TensorSource& source) {
  const std::int64_t rows = source.rows(), step = hashed_rows(source);
  std::vector<Fingerprint> parts(static_cast<std::size_t>((rows + step - 1) / step));
  parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t i) {
    const std::int64_t count = std::min(step, rows - i * step);
    std::vector<float> values(static_cast<std::size_t>(count * source.row_size()));
    source.read_rows(i * step, count, values.data());
    parts[static_cast<std::size_t>(i)] = values_fingerprint(values);
  });
  return to_string(combined(parts));
}

}  // namespace kerf::emit
