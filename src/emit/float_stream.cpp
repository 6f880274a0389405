#include "emit/float_stream.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "codec/float_codec.h"
#include "core/checked.h"
#include "core/threads.h"

namespace kerf::emit {

void stream_floats(const graph::TensorSource& source, DType dtype,
                   const std::function<void(std::span<const std::byte>)>& sink) {
  constexpr std::int64_t kSlabValues = std::int64_t{4} << 20, kPartValues = std::int64_t{1} << 18;
  const std::int64_t width = source.row_size(), height = source.rows(), divisor = std::max<std::int64_t>(width, 1);
  const std::int64_t slab = std::clamp<std::int64_t>(kSlabValues / divisor, 1, 65536);
  const std::int64_t part = std::max<std::int64_t>(kPartValues / divisor, 1);
  std::vector<float> values(static_cast<std::size_t>(std::min(slab, height) * width));
  std::vector<std::byte> bytes(values.size() * dtype_bytes(dtype));
  for (std::int64_t first = 0; first < height; first += slab) {
    const std::int64_t rows = std::min(slab, height - first);
    const std::span<std::byte> encoded(bytes.data(), static_cast<std::size_t>(rows * width) * dtype_bytes(dtype));
    parallel_for(div_up(rows, part), [&](std::int64_t i) {
      const std::int64_t begin = i * part, count = std::min(part, rows - begin);
      const std::span<float> to(values.data() + begin * width, static_cast<std::size_t>(count * width));
      source.read_rows(first + begin, count, to.data());
      codec::encode_floats(dtype, to,
                           encoded.subspan(static_cast<std::size_t>(begin * width) * dtype_bytes(dtype),
                                           to.size() * dtype_bytes(dtype)));
    });
    sink(encoded);
  }
}

}  // namespace kerf::emit
