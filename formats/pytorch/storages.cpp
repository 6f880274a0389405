#include "formats/pytorch/storages.h"

#include <utility>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/shape.h"
#include "core/strings.h"

namespace kerf::formats::pytorch {
namespace {

/// Do the elements follow each other in row-major order? Strides of dimensions of one element do not matter.
bool is_row_major(const TensorView& view) {
  std::int64_t expected = 1;
  for (std::size_t axis = view.shape.size(); axis-- > 0;) {
    if (view.shape[axis] != 1 && view.strides[axis] != expected) return false;
    expected *= view.shape[axis];
  }
  return true;
}

/// Elements from the start of the storage to behind the last one that the view has; nullopt on overflow.
std::optional<std::int64_t> elements_needed(const TensorView& view) {
  std::optional<std::int64_t> last = view.offset;
  for (std::size_t axis = 0; axis < view.shape.size() && last; ++axis) {
    const auto step = checked_mul(view.shape[axis] - 1, view.strides[axis]);
    last = step ? checked_add(*last, *step) : std::nullopt;
  }
  return last ? checked_add(*last, std::int64_t{1}) : std::nullopt;
}

safetensors::StoredTensor place(const TensorView& view, const Storages& storages,
                                const std::shared_ptr<const InputFile>& file) {
  const auto refuse = [&](std::string message) {
    throw_input(file->path(), fmt::format("tensor {}", quoted(view.name)), std::move(message));
  };
  const auto count = checked_numel(view.shape);
  const auto item = static_cast<std::int64_t>(dtype_bytes(view.dtype));
  const auto bytes = count ? checked_mul(*count, item) : std::nullopt;
  const auto offset = checked_mul(view.offset, item);
  if (!bytes || !offset) refuse(fmt::format("has shape {}, whose size overflows 64 bits", to_string(view.shape)));
  safetensors::StoredTensor tensor{
      file, view.name, {view.dtype, view.shape, 0, static_cast<std::uint64_t>(*bytes)}, {}};
  if (*count == 0) return tensor;

  const auto storage = storages.find(view.storage);
  if (storage == storages.end()) {
    refuse(fmt::format("is in storage {}, which the file does not have", quoted(view.storage)));
  }
  const auto available = static_cast<std::int64_t>(storage->second.bytes);
  if (view.storage_bytes > available) {
    refuse(fmt::format("is in storage {} of {} bytes, but the file has {} of them", quoted(view.storage),
                       view.storage_bytes, available));
  }
  const auto needed = elements_needed(view);
  if (!needed || *needed > available / item) {
    refuse(fmt::format("has shape {} with strides {} from element {}, beyond its storage of {} elements",
                       to_string(view.shape), to_string(view.strides), view.offset, available / item));
  }
  if (*bytes > available) refuse("repeats elements of its storage (an expanded tensor), expected each once");
  tensor.entry.offset = storage->second.offset + static_cast<std::uint64_t>(*offset);
  if (!is_row_major(view)) tensor.strides = view.strides;
  return tensor;
}

}  // namespace

safetensors::StoredTensors place_tensors(const std::vector<TensorView>& views, const Storages& storages,
                                         const std::shared_ptr<const InputFile>& file) {
  safetensors::StoredTensors tensors;
  for (const TensorView& view : views) tensors.emplace(view.name, place(view, storages, file));
  return tensors;
}

}  // namespace kerf::formats::pytorch
