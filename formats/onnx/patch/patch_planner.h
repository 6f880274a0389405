#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "formats/onnx/patch/patch_plan.h"

namespace kerf::formats::onnx {

/// A value of the file that is a tensor's matrix.
struct Matrix {
  std::size_t tensor = 0;
  bool turned = false;
  std::int32_t float_type = proto::TensorProto::FLOAT;
};

/// What plan_edits() does, for one file: tensors are found, then their new values planned, then the nodes that read
/// them.
class PatchPlanner {
 public:
  PatchPlanner(ModelFile& file, const ImportedOnnx& model, std::span<const PatchTensor> tensors,
               const PatchOptions& options, NodeTree& tree)
      : file_(file), model_(model), tensors_(tensors), options_(options), tree_(tree), uses_(tensors.size()) {
    collect_names();
    edits_.held.resize(tensors.size());
  }

  PatchEdits plan();

 private:
  // plan_edits.cpp: where a tensor is
  [[noreturn]] void refuse(std::size_t t, const std::string& why) const;
  void collect_names();
  /// Is it to be other than the file has it?
  bool is_touched(const PatchTensor& tensor) const;
  static bool is_cast(const PatchTensor& tensor);
  void find_uses(std::size_t t);
  void find_use(std::size_t t, graph::NodeId id);
  /// What keeps the node that reads the tensor from reading another, and what to do.
  std::string why_no_matrix(const PatchTensor& tensor) const;
  /// A prefix of names that nothing in the file has.
  void choose_prefix(std::size_t t);
  QuantizedWeight weight_of(std::size_t t, const std::string& matrix) const;
  void finish();
  /// Is the value made by nodes now?
  bool made_by_form(const std::string& name) const;
  void add_note(std::string note);

  // plan_tensors.cpp: what a tensor becomes
  void plan_tensor(std::size_t t);
  [[noreturn]] void refuse_activations(std::size_t t) const;
  void plan_codes(std::size_t t);
  bool multiplies_learned(std::size_t t) const;
  void plan_cast(std::size_t t);
  /// Values that a transform may change: in place, or, where nodes make them of others, in place of those.
  void plan_floats(std::size_t t);
  static bool is_encoded(std::int32_t type);

  // plan_matrices.cpp: matrices that are made anew
  /// The matrices of a tensor that are views of no other of its matrices: the others follow from them.
  std::vector<std::string> roots_of(std::size_t t) const;
  /// Adds `nodes`, which make the first root, in place of what made it; the other roots are made from that. They read
  /// initializers only and run before all others, so that every graph and branch sees what they make.
  void make_matrices(std::size_t t, std::vector<proto::NodeProto> nodes);
  /// The node that makes `made`, which is like the matrix `like`, of `from`, which is like `source`.
  proto::NodeProto copy_of(const std::string& made, const std::string& like, const std::string& from,
                           const std::string& source) const;
  /// Do nodes that stay as they are compute with the tensor's matrices, or what lies between two of them?
  bool is_read_elsewhere(std::size_t t);
  /// As make_matrices, under names of their own: nodes that compute with the file's matrices keep those.
  void make_beside(std::size_t t, std::vector<proto::NodeProto> nodes);
  void redirect_uses();
  void make_value(std::size_t t, const std::string& name, std::vector<proto::NodeProto> nodes);
  /// What a node that goes read may be read no more.
  void forget(const Slot& slot);

  // plan_uses.cpp: nodes that use tensors of codes
  struct Use {
    Slot* slot;
    std::size_t tensor;
    Operand operand;
  };
  std::vector<Use> all_uses();
  void replace_uses();
  /// The initializers of a form, those that another form of the tensor has already left out.
  void add_codes(std::size_t t, const WeightForm& form, const std::string& matrix, const std::string& suffix,
                 bool without_codes = false);
  void add_rows(std::size_t t, bool has_product);
  void add_matrix(std::size_t t, bool has_product);
  void replace_use(const Use& use);
  static std::string name_of(const proto::NodeProto& node);
  /// What a node says about where it comes from stays with the one that has its name.
  static void keep_metadata(const proto::NodeProto& node, NodeList& list);
  void round_input(const Use& use, const QuantizedWeight& weight, const proto::NodeProto& node, NodeList& list);
  std::size_t uses_of_product(std::size_t t) const;

  ModelFile& file_;
  const ImportedOnnx& model_;
  std::span<const PatchTensor> tensors_;
  const PatchOptions& options_;
  NodeTree& tree_;
  PatchEdits edits_;
  std::set<std::string> names_;  ///< of all values in the file
  std::set<std::string> made_;   ///< initializers that are planned
  std::map<std::string, Matrix> matrices_;
  std::vector<std::vector<std::string>> uses_;  ///< by tensor: its matrices
  std::map<std::size_t, std::string> prefixes_;
  std::optional<Origin> origin_;
  std::vector<std::string> seeds_;
  std::map<std::string, std::string> redirected_;  ///< matrices that are made beside those of the file
  std::map<int, std::set<std::string>> shared_;    ///< by scope
  std::map<std::string, std::size_t> roundings_;
  std::map<std::size_t, std::size_t> own_roundings_;  ///< by tensor: that of its own range, which branches share
};

/// "node 'x' (MatMul)"
std::string op_name(const proto::NodeProto& node);

}  // namespace kerf::formats::onnx
