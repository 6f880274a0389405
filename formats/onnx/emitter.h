#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "formats/onnx/draft.h"
#include "formats/onnx/schema.h"
#include "formats/onnx/symbols.h"

namespace kerf::formats::onnx {

/// A node of the file with its inputs resolved.
struct Call {
  std::string op;
  std::string domain;
  std::int64_t opset = 0;  ///< of its domain
  std::vector<ValueIndex> inputs;
  std::size_t output_count = 1;
  graph::Attributes attributes{};
  std::map<std::string, Constant, std::less<>> tensors{};                 ///< attributes that are tensors
  std::map<std::string, const proto::GraphProto*, std::less<>> graphs{};  ///< attributes that are graphs

  /// kAbsent where there is none.
  ValueIndex input(std::size_t index) const { return index < inputs.size() ? inputs[index] : kAbsent; }
};

/// Appends nodes to a draft. A node whose inputs are all constants is computed at once instead, if it is not large;
/// views of large constants stay unread; a few integers that follow from the shapes of the model's inputs are computed
/// from those, not from the shapes of what the model computes.
class Emitter {
 public:
  Emitter(Draft& draft, std::string file) : draft_(draft), file_(std::move(file)), symbols_(draft) {}

  /// What the nodes to come are part of: errors and names of nodes say it.
  struct Place {
    std::string name;  ///< of the file's node
    std::string op;
    std::string scope;
    NodeOrigin origin;
  };
  void set_place(Place place) { place_ = std::move(place); }
  const Place& place() const { return place_; }
  const std::string& file() const { return file_; }
  /// Constants that were made of codes, by what those are.
  std::unordered_map<std::string, ValueIndex>& weights_of_codes() { return weights_of_codes_; }

  const Draft& draft() const { return draft_; }
  const Constant* constant(ValueIndex index) const { return draft_.constant(index); }
  DType dtype(ValueIndex index) const { return draft_.value(index).dtype; }

  ValueIndex add_constant(Constant constant, std::string name = {});
  ValueIndex scalar(float value);
  ValueIndex integers(std::vector<std::int64_t> values);
  ValueIndex integer(std::int64_t value);  ///< a scalar
  ValueIndex add_input(std::string name, DType dtype, Shape shape);

  /// A node with one output.
  ValueIndex node(std::string op, std::vector<ValueIndex> inputs, graph::Attributes attributes = {},
                  std::string_view domain = graph::kOnnxDomain) {
    return nodes(std::move(op), std::move(inputs), 1, std::move(attributes), domain).front();
  }
  std::vector<ValueIndex> nodes(std::string op, std::vector<ValueIndex> inputs, std::size_t outputs,
                                graph::Attributes attributes = {}, std::string_view domain = graph::kOnnxDomain);

  /// What is known of a value's shape and of a few integers in it (formats/onnx/symbols.h).
  std::optional<SymbolList> shape(ValueIndex index) const { return symbols_.shape(index); }
  std::optional<SymbolList> contents(ValueIndex index) const { return symbols_.contents(index); }
  /// How many axes a value has; nullopt where that is not known before anything runs.
  std::optional<std::size_t> rank(ValueIndex index) const;
  /// An extent of a value that does not depend on the inputs' shapes. Error(kInput) if it does, or is not known.
  std::int64_t constant_extent(ValueIndex index, std::size_t axis) const;
  std::int64_t last_extent(ValueIndex index) const { return constant_extent(index, rank(index).value_or(1) - 1); }

  /// Throws Error(kInput) naming the file and the node.
  [[noreturn]] void fail(std::string message) const;
  /// The integers of an input, which must be a constant: attributes of later opsets.
  std::vector<std::int64_t> known_integers(ValueIndex index, std::string_view what) const;

 private:
  std::optional<ValueIndex> view(const DraftNode& node);
  void drop_empty(DraftNode& node) const;
  bool fold(const DraftNode& node, std::vector<ValueIndex>& outputs);
  std::vector<ValueIndex> append(DraftNode node, std::size_t output_count);
  std::optional<ValueIndex> from_input_shapes(ValueIndex value);
  ValueIndex extents(const SymbolList& list, bool is_scalar, DType dtype);
  ValueIndex extent(const Symbol& symbol);
  std::string unique_name();

  Draft& draft_;
  std::string file_;
  Place place_;
  std::unordered_map<std::string, int> names_;  ///< how often each was given
  std::int64_t folded_ = 0;                     ///< elements computed so far
  Symbols symbols_;
  std::unordered_map<std::string, ValueIndex> weights_of_codes_;
  std::unordered_map<std::string, ValueIndex> extents_;  ///< made from the shapes of inputs, by what they are
};

}  // namespace kerf::formats::onnx
