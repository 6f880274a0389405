#include "quant/rotation/rotated_source.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

#include "codec/float_codec.h"
#include "core/threads.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

/// A view of another source with other values.
class RotatedSource : public graph::TensorSource {
 public:
  explicit RotatedSource(graph::SourcePtr source)
      : TensorSource(DType::kF32, source->shape(), source->label()), source_(std::move(source)) {}
  std::string stored_as() const override { return source_->stored_as(); }
  std::optional<codec::Scheme> rounded_to() const override { return source_->rounded_to(); }
  std::uint64_t stored_bytes() const override { return source_->stored_bytes(); }

 protected:
  graph::SourcePtr source_;
};

class ColumnRotatedSource : public RotatedSource {
 public:
  ColumnRotatedSource(graph::SourcePtr source, std::shared_ptr<const Rotation> rotation, std::vector<float> factors)
      : RotatedSource(std::move(source)), rotation_(std::move(rotation)), factors_(std::move(factors)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    source_->read_rows(first, count, out);
    parallel_for(count, [&](std::int64_t r) { rotate_row(out + r * row_size()); });
  }

 private:
  void rotate_row(float* row) const {
    const std::int64_t width = row_size();
    std::vector<double> values(row, row + width);
    for (std::size_t c = 0; c < factors_.size(); ++c) values[c] *= static_cast<double>(factors_[c]);
    for (std::int64_t c = 0; c < width; c += rotation_->size()) rotation_->apply(values.data() + c);
    std::transform(values.begin(), values.end(), row, [](double v) { return static_cast<float>(v); });
  }

  std::shared_ptr<const Rotation> rotation_;
  std::vector<float> factors_;
};

}  // namespace

/// A few blocks, by source and index. Whoever misses one makes it while the others wait: it is wanted by all of them.
class RotatedBlocks {
 public:
  using Block = std::shared_ptr<const std::vector<float>>;

  template <typename Make>
  Block get(const void* source, std::int64_t index, Make make) {
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.source == source && entry.index == index) return entry.block;
    }
    if (entries_.size() == kMost) entries_.pop_front();
    entries_.push_back({source, index, std::make_shared<const std::vector<float>>(make())});
    return entries_.back().block;
  }

 private:
  static constexpr std::size_t kMost = 2;
  struct Entry {
    const void* source;
    std::int64_t index;
    Block block;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;
};

namespace {

class RowRotatedSource : public RotatedSource {
 public:
  RowRotatedSource(graph::SourcePtr source, std::shared_ptr<const Rotation> rotation, std::int64_t first_row,
                   std::int64_t blocks, std::shared_ptr<RotatedBlocks> cache)
      : RotatedSource(std::move(source)),
        rotation_(std::move(rotation)),
        first_row_(first_row),
        blocks_(blocks),
        cache_(std::move(cache)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const std::int64_t size = rotation_->size(), end = first + count;
    for (std::int64_t row = first; row < end;) {
      const std::int64_t block = row < first_row_ ? -1 : (row - first_row_) / size;
      const bool rotated = block >= 0 && block < blocks_;
      const std::int64_t begin = first_row_ + block * size;
      const std::int64_t stop = rotated ? begin + size : (block < 0 ? first_row_ : rows());
      const std::int64_t n = std::min(end, stop) - row;
      float* const to = out + (row - first) * row_size();
      if (!rotated) {
        source_->read_rows(row, n, to);
      } else {
        const auto values = cache_->get(this, block, [&] { return rotate_block(begin); });
        std::copy_n(values->data() + (row - begin) * row_size(), n * row_size(), to);
      }
      row += n;
    }
  }

 private:
  static constexpr std::int64_t kTile = 16;

  std::vector<float> rotate_block(std::int64_t begin) const {
    const std::int64_t size = rotation_->size(), width = row_size();
    std::vector<float> values(static_cast<std::size_t>(size * width));
    source_->read_rows(begin, size, values.data());
    // A few columns at once, so that neighbours share what the processor fetches.
    const std::int64_t tiles = (width + kTile - 1) / kTile;
    parallel_for(tiles, [&](std::int64_t tile) {
      const std::int64_t first = tile * kTile, count = std::min(kTile, width - first);
      std::vector<double> columns(static_cast<std::size_t>(count * size));
      for (std::int64_t r = 0; r < size; ++r) {
        for (std::int64_t c = 0; c < count; ++c) {
          columns[static_cast<std::size_t>(c * size + r)] =
              static_cast<double>(values[static_cast<std::size_t>(r * width + first + c)]);
        }
      }
      for (std::int64_t c = 0; c < count; ++c) rotation_->apply(columns.data() + c * size);
      for (std::int64_t r = 0; r < size; ++r) {
        for (std::int64_t c = 0; c < count; ++c) {
          values[static_cast<std::size_t>(r * width + first + c)] =
              static_cast<float>(columns[static_cast<std::size_t>(c * size + r)]);
        }
      }
    });
    return values;
  }

  std::shared_ptr<const Rotation> rotation_;
  std::int64_t first_row_, blocks_;
  std::shared_ptr<RotatedBlocks> cache_;
};

}  // namespace

graph::SourcePtr make_column_rotated_source(graph::SourcePtr source, std::shared_ptr<const Rotation> rotation,
                                            std::vector<float> factors) {
  return std::make_shared<ColumnRotatedSource>(std::move(source), std::move(rotation), std::move(factors));
}

std::shared_ptr<RotatedBlocks> make_rotated_blocks() { return std::make_shared<RotatedBlocks>(); }

graph::SourcePtr make_row_rotated_source(graph::SourcePtr source, std::shared_ptr<const Rotation> rotation,
                                         std::int64_t first_row, std::int64_t blocks,
                                         std::shared_ptr<RotatedBlocks> cache) {
  const bool vector = source->shape().size() == 1;
  const DType dtype = codec::written_dtype(source->dtype());
  auto rotated =
      std::make_shared<RowRotatedSource>(std::move(source), std::move(rotation), first_row, blocks, std::move(cache));
  return vector ? make_rounded_source(std::move(rotated), dtype) : rotated;
}

}  // namespace kerf::quant
