#include "formats/strided_read.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace kerf::formats {
namespace {

/// Elements of one axis that are read at once: `count` of them, `stride` elements apart.
class RunReader {
 public:
  RunReader(const InputFile& file, std::uint64_t item) : file_(file), item_(item) {}

  /// Element i of the run goes to into + i * step bytes.
  void read(std::uint64_t offset, std::uint64_t count, std::uint64_t stride, std::byte* into, std::uint64_t step) {
    if (stride == 1 && step == item_) return file_.read(offset, {into, static_cast<std::size_t>(count * item_)});
    // Elements far apart are read one by one, near ones with what lies between them.
    const std::uint64_t distance = stride * item_;
    const std::uint64_t chunk =
        distance > kFar ? 1 : std::max<std::uint64_t>(kPieceBytes / std::max(distance, item_), 1);
    for (std::uint64_t done = 0; done < count; done += chunk) {
      const std::uint64_t n = std::min(chunk, count - done);
      buffer_.resize(static_cast<std::size_t>((n - 1) * distance + item_));
      file_.read(offset + done * distance, buffer_);
      for (std::uint64_t i = 0; i < n; ++i) {
        std::memcpy(into + (done + i) * step, buffer_.data() + i * distance, item_);
      }
    }
  }

 private:
  static constexpr std::uint64_t kFar = 4096, kPieceBytes = std::uint64_t{1} << 20;
  const InputFile& file_;
  std::uint64_t item_;
  std::vector<std::byte> buffer_;
};

/// Offset in elements of row `index` of all dimensions but the last.
std::uint64_t row_offset(const StridedLayout& layout, std::uint64_t index) {
  std::uint64_t offset = 0;
  for (std::size_t axis = layout.shape.size() - 1; axis-- > 0;) {
    const auto extent = static_cast<std::uint64_t>(layout.shape[axis]);
    offset += index % extent * static_cast<std::uint64_t>(layout.strides[axis]);
    index /= extent;
  }
  return offset;
}

}  // namespace

void read_strided(const InputFile& file, const StridedLayout& layout, std::uint64_t first, std::span<std::byte> into) {
  RunReader run(file, layout.item);
  const std::uint64_t count = into.size() / layout.item, rank = layout.shape.size();
  if (rank == 0) return run.read(layout.offset, count, 1, into.data(), layout.item);
  const auto width = static_cast<std::uint64_t>(layout.shape[rank - 1]);
  const auto stride = static_cast<std::uint64_t>(layout.strides[rank - 1]);
  // A transposed matrix: whole rows of the result are made of short runs along the columns.
  const bool by_column = rank == 2 && static_cast<std::uint64_t>(layout.strides[0]) < stride;
  for (std::uint64_t done = 0; done < count;) {
    const std::uint64_t row = (first + done) / width, column = (first + done) % width;
    std::byte* const out = into.data() + done * layout.item;
    const std::uint64_t rows = column == 0 ? (count - done) / width : 0;
    if (by_column && rows > 1) {
      const auto step = static_cast<std::uint64_t>(layout.strides[0]);
      for (std::uint64_t c = 0; c < width; ++c) {
        run.read(layout.offset + (row * step + c * stride) * layout.item, rows, step, out + c * layout.item,
                 width * layout.item);
      }
      done += rows * width;
      continue;
    }
    const std::uint64_t n = std::min(width - column, count - done);
    run.read(layout.offset + (row_offset(layout, row) + column * stride) * layout.item, n, stride, out, layout.item);
    done += n;
  }
}

}  // namespace kerf::formats
