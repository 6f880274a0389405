#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/onnx/model_file.h"
#include "formats/onnx/patch/file_index.h"

namespace kerf::formats::onnx {

/// A node of a file that is being changed, and what takes its place.
struct Slot {
  int original = -1;  ///< its place among the main graph's nodes in the file; -1: it is in a branch or a function
  proto::NodeProto node;
  bool changed = false;  ///< is `node` other than the file has it? Then it is whole; else without values of tensors
  bool replaced = false;
  std::vector<Slot> body{};                     ///< what stands in its place, if it is replaced
  std::map<int, std::vector<Slot>> branches{};  ///< of an If: those that were opened, by kThenBranch and kElseBranch
  int scope = 0;                                ///< 0: the main graph's; each opened branch has one of its own
};

/// The nodes of a model that is being changed. Only nodes that are touched are read as a whole; a call of a function is
/// replaced by the function's body before something in it is changed, so that other calls keep theirs.
class NodeTree {
 public:
  NodeTree(ModelFile& model, const FileIndex& index);

  /// The node at that place; calls on the way to it are inlined, branches opened.
  Slot& at(const std::vector<int>& path);
  /// Makes the node of a slot whole, to be changed.
  proto::NodeProto& touch(Slot& slot);
  void replace(Slot& slot, std::vector<proto::NodeProto> nodes);
  /// Nodes that run before all others.
  void add_front(std::vector<proto::NodeProto> nodes);
  const std::vector<proto::NodeProto>& front() const { return front_; }

  /// All nodes that are not replaced, in an order in which they can run; branches after the node that they belong to.
  /// Branches that read one of `names` are opened first.
  void open_readers(const std::function<bool(const std::string&)>& reads);
  void for_each(const std::function<void(Slot&)>& visit);
  /// The node that makes each value.
  std::unordered_map<std::string, Slot*> producers();
  /// Takes away nodes that make nothing that is read, as far as that follows from `names` being read no more. Returns
  /// the names without a producer that nobody reads: initializers.
  std::vector<std::string> remove_unread(std::vector<std::string> names);
  /// How often each value is read.
  std::unordered_map<std::string, int> readers();

  const std::vector<Slot>& slots() const { return slots_; }
  /// A slot's nodes as they are to be written, branches put back.
  static void collect(const Slot& slot, std::vector<proto::NodeProto>& nodes);

 private:
  void inline_call(Slot& slot);
  std::vector<Slot>& open_branch(Slot& slot, int branch);
  const proto::FunctionProto* find_function(const proto::NodeProto& node);

  ModelFile& model_;
  std::vector<FilePiece> node_pieces_, function_pieces_;
  std::vector<Slot> slots_;
  std::vector<proto::NodeProto> front_;
  std::map<int, proto::FunctionProto> functions_;  ///< those that were needed, whole, by their place in the file
  int scopes_ = 1;
};

}  // namespace kerf::formats::onnx
