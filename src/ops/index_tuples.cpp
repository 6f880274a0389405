#include "ops/index_tuples.h"

#include <fmt/format.h>

#include "ops/shape_rules.h"

namespace kerf::ops {

std::size_t tuple_length(const Shape& data, const Shape& indices, std::size_t batch) {
  if (indices.size() <= batch || data.size() <= batch || indices.back() < 0 ||
      indices.back() > static_cast<std::int64_t>(data.size() - batch)) {
    mismatch(
        fmt::format("found indices of shape {} into {}, expected tuples of at most as many entries as the data has "
                    "dimensions behind the first {}",
                    to_string(indices), to_string(data), batch));
  }
  return static_cast<std::size_t>(indices.back());
}

std::int64_t place_of_tuple(const std::int64_t* tuple, std::span<const std::int64_t> dims) {
  std::int64_t place = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const std::int64_t index = index_from_front(tuple[i], dims[i]);
    if (index < 0) return -1;
    place = place * dims[i] + index;
  }
  return place;
}

}  // namespace kerf::ops
