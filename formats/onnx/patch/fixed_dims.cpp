#include "formats/onnx/patch/fixed_dims.h"

#include <charconv>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/inputs.h"

namespace kerf::formats::onnx {
namespace {

using Dimension = proto::TensorShapeProto::Dimension;

std::int64_t parse_extent(const std::string& entry, const std::string& text) {
  std::int64_t extent = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), extent);
  if (failure != std::errc() || end != text.data() + text.size() || extent <= 0) {
    throw_usage(fmt::format("--shape: found {}, expected NAME=EXTENT such as length=128", quoted(entry)));
  }
  return extent;
}

/// The axis of ids and masks that a name stands for; -1: of none.
int axis_of(const std::string& name) { return name == "batch" ? 0 : name == "length" ? 1 : -1; }

class Fixer {
 public:
  Fixer(const FixedDims& dims, proto::GraphProto& graph) : dims_(dims), graph_(graph) {}

  bool fix() {
    for (const auto& [name, extent] : dims_) name_symbols(name, extent);
    for (auto* values : {graph_.mutable_input(), graph_.mutable_output(), graph_.mutable_value_info()}) {
      for (auto& value : *values) replace_symbols(value);
    }
    return changed_;
  }

 private:
  /// What stands for batch and length in the inputs of tokens: symbols, or axes without a name.
  void name_symbols(const std::string& name, std::int64_t extent) {
    symbols_[name] = extent;
    bool found = axis_of(name) < 0 && has_symbol(name);
    for (auto& input : *graph_.mutable_input()) {
      if (axis_of(name) < 0 || !is_token_input(input)) continue;
      auto* shape = input.mutable_type()->mutable_tensor_type()->mutable_shape();
      if (shape->dim_size() != 2) continue;
      Dimension& dim = *shape->mutable_dim(axis_of(name));
      if (dim.has_dim_value() && dim.dim_value() != extent) {
        throw_usage(fmt::format("--shape: {}={}, but input {} has {} there", name, extent, quoted(input.name()),
                                dim.dim_value()));
      }
      if (dim.has_dim_param() && !dim.dim_param().empty()) symbols_[dim.dim_param()] = extent;
      set(dim, extent);
      found = true;
    }
    if (!found) throw_usage(fmt::format("--shape: no input has an axis {}", quoted(name)));
  }

  bool has_symbol(const std::string& name) const {
    for (const auto& input : graph_.input()) {
      for (const auto& dim : input.type().tensor_type().shape().dim()) {
        if (dim.dim_param() == name) return true;
      }
    }
    return false;
  }

  void replace_symbols(proto::ValueInfoProto& value) {
    if (!value.type().tensor_type().has_shape()) return;
    for (auto& dim : *value.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim()) {
      const auto found = dim.has_dim_param() ? symbols_.find(dim.dim_param()) : symbols_.end();
      if (found != symbols_.end()) set(dim, found->second);
    }
  }

  void set(Dimension& dim, std::int64_t extent) {
    changed_ = changed_ || !dim.has_dim_value();
    dim.set_dim_value(extent);
  }

  const FixedDims& dims_;
  proto::GraphProto& graph_;
  FixedDims symbols_;
  bool changed_ = false;
};

}  // namespace

FixedDims parse_dims(const std::string& text) {
  FixedDims dims;
  for (const std::string& entry : split(text, ',')) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw_usage(fmt::format("--shape: found {}, expected NAME=EXTENT such as length=128", quoted(entry)));
    }
    const std::int64_t extent = parse_extent(entry, entry.substr(equals + 1));
    if (!dims.emplace(entry.substr(0, equals), extent).second) {
      throw_usage(fmt::format("--shape: {} is given twice", quoted(entry.substr(0, equals))));
    }
  }
  return dims;
}

bool fix_dims(const FixedDims& dims, proto::GraphProto& graph) { return Fixer(dims, graph).fix(); }

}  // namespace kerf::formats::onnx
