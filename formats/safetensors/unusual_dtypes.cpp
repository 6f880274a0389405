#include "formats/safetensors/unusual_dtypes.h"

#include <fmt/format.h>

#include "core/strings.h"
#include "formats/safetensors/layouts/scaled_floats.h"

namespace kerf::formats::safetensors {
namespace {

/// Tensors of which one thing is true, for one sentence.
class Tally {
 public:
  void add(const std::string& name) {
    if (count_++ == 0) first_ = name;
  }
  void note(std::string_view what, std::vector<std::string>& notes) const {
    if (count_ == 0) return;
    const std::string others = count_ == 1 ? "" : fmt::format(" and {} more", count_ - 1);
    notes.push_back(fmt::format("tensor {}{} {}", quoted(first_), others, what));
  }

 private:
  std::string first_;
  std::size_t count_ = 0;
};

void check_no_scale(const StoredTensors& tensors, const std::string& name, const StoredTensor& tensor) {
  const StoredTensor* scale = find_scale(tensors, name);
  if (scale == nullptr) return;
  tensor.fail(
      fmt::format("is {} and has {} beside it, but config.json has no quantization_config that says how they go "
                  "together",
                  dtype_name(tensor.entry.dtype), quoted(scale->name)));
}

}  // namespace

std::vector<std::string> note_unusual_dtypes(const StoredTensors& tensors, bool with_layout, bool reads_activations) {
  Tally f64, f8, activations;
  for (const auto& [name, tensor] : tensors) {
    const DType dtype = tensor.entry.dtype;
    if (dtype == DType::kF64) f64.add(name);
    if (with_layout && !reads_activations && is_activation_scale(name)) activations.add(name);
    if (dtype != DType::kF8E4M3 && dtype != DType::kF8E5M2) continue;
    if (!with_layout) check_no_scale(tensors, name, tensor);
    if (!ends_with(name, ".weight_scale")) f8.add(name);  // of nvfp4, whose scales are such floats
  }
  std::vector<std::string> notes;
  f64.note("in f64: rounded to f32 when read", notes);
  f8.note(with_layout ? "in 8-bit floats: read as value times scale in f32, and quantized like any float"
                      : "in 8-bit floats without scales: read as they are",
          notes);
  activations.note("left aside: activations are computed in f32", notes);
  return notes;
}

}  // namespace kerf::formats::safetensors
