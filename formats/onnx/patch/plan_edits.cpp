#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/node_builder.h"
#include "formats/onnx/patch/patch_plan.h"

namespace kerf::formats::onnx {
namespace {

/// A value of the file that is a tensor's matrix.
struct Matrix {
  std::size_t tensor = 0;
  bool turned = false;
  std::int32_t float_type = proto::TensorProto::FLOAT;
};

std::string op_name(const proto::NodeProto& node) {
  return fmt::format("node {} ({})",
                     quoted(node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name()),
                     node.op_type());
}

class Planner {
 public:
  Planner(ModelFile& file, const ImportedOnnx& model, std::span<const PatchTensor> tensors, const PatchOptions& options,
          NodeTree& tree)
      : file_(file), model_(model), tensors_(tensors), options_(options), tree_(tree), uses_(tensors.size()) {
    collect_names();
    edits_.held.resize(tensors.size());
  }

  PatchEdits plan() {
    // Opening calls and branches changes which nodes there are: first of all.
    for (std::size_t t = 0; t < tensors_.size(); ++t) find_uses(t);
    tree_.open_readers([&](const std::string& name) { return matrices_.contains(name); });
    origin_.emplace(file_.model.graph(), tree_.producers());
    for (auto& [name, matrix] : matrices_) matrix.float_type = origin_->float_type(name);
    for (std::size_t t = 0; t < tensors_.size(); ++t) plan_tensor(t);
    replace_uses();
    finish();
    return std::move(edits_);
  }

 private:
  [[noreturn]] void refuse(std::size_t t, const std::string& why) const {
    throw_usage(fmt::format("onnx cannot hold {} as {}: {}", quoted(tensors_[t].name), tensors_[t].scheme.name, why));
  }

  void collect_names() {
    for (const auto& tensor : file_.model.graph().initializer()) names_.insert(tensor.name());
    for (const auto& input : file_.model.graph().input()) names_.insert(input.name());
    tree_.for_each([&](Slot& slot) { names_.insert(slot.node.output().begin(), slot.node.output().end()); });
  }

  /// Is it to be other than the file has it?
  bool is_touched(const PatchTensor& tensor) const {
    if (tensor.scheme.quantized()) return tensor.scheme != model_.graph.value(tensor.value).weight.source->scheme();
    return tensor.may_change || is_cast(tensor);
  }
  static bool is_cast(const PatchTensor& tensor) {
    return tensor.scheme.kind == codec::Scheme::Kind::kFloat && tensor.scheme.float_dtype != tensor.source_dtype;
  }

  // ---- Where a tensor is ----

  void find_uses(std::size_t t) {
    const PatchTensor& tensor = tensors_[t];
    if (!is_touched(tensor)) return;
    for (const graph::NodeId id : model_.graph.consumers(tensor.value)) {
      const graph::Node& node = model_.graph.node(id);
      const bool multiplies =
          node.op == "Linear" && node.domain == graph::kKerfDomain && node.inputs[1] == tensor.value;
      const bool looks_up = node.op == "Gather" && node.domain.empty() && node.inputs[0] == tensor.value;
      if (multiplies || looks_up) find_use(t, id);
    }
  }

  void find_use(std::size_t t, graph::NodeId id) {
    const auto origins = model_.origins.nodes.find(id);
    if (origins == model_.origins.nodes.end() || origins->second.empty() || origins->second.front().path.empty()) {
      return refuse(t, "the file has no node of its own for it");
    }
    const Slot& slot = tree_.at(origins->second.front().path);
    const auto operand = operand_of(slot.node);
    if (!operand) {
      if (!tensors_[t].scheme.quantized() && !is_cast(tensors_[t])) return;  // only if it changes, see places
      refuse(t, fmt::format("{} does not read it as a matrix of its own; let it stay (--keep)", op_name(slot.node)));
    }
    const auto [found, is_new] = matrices_.try_emplace(operand->name, Matrix{t, operand->turned});
    if (!is_new && (found->second.tensor != t || found->second.turned != operand->turned)) {
      refuse(t, fmt::format("{} reads it otherwise than another node does; let it stay (--keep)", op_name(slot.node)));
    }
    if (is_new) uses_[t].push_back(operand->name);
  }

  // ---- What a tensor becomes ----

  void plan_tensor(std::size_t t) {
    const PatchTensor& tensor = tensors_[t];
    edits_.held[t] = tensor.source_dtype;
    if (!is_touched(tensor)) {
      if (tensor.activations && !tensor.scheme.quantized()) refuse_activations(t);
      return;
    }
    if (tensor.scheme.quantized()) {
      plan_codes(t);
    } else if (is_cast(tensor)) {
      plan_cast(t);
    } else {
      plan_floats(t);
    }
  }

  [[noreturn]] void refuse_activations(std::size_t t) const {
    throw_usage(fmt::format("onnx cannot round what {} multiplies: only products of quantized weights say so",
                            quoted(tensors_[t].name)));
  }

  QuantizedWeight weight_of(std::size_t t, const std::string& matrix) const {
    const PatchTensor& tensor = tensors_[t];
    const Matrix& found = matrices_.at(matrix);
    return {.name = prefixes_.at(t),
            .scheme = tensor.scheme,
            .rows = tensor.shape[0],
            .cols = tensor.shape[1],
            .float_type = found.float_type,
            .turned = found.turned};
  }

  /// A prefix of names that nothing in the file has.
  void choose_prefix(std::size_t t) {
    std::string prefix = tensors_[t].name;
    const auto taken = [&](const std::string& candidate) {
      const auto next = names_.lower_bound(candidate + "_");
      return next != names_.end() && starts_with(*next, candidate + "_");
    };
    for (int n = 2; taken(prefix); ++n) prefix = fmt::format("{}_{}", tensors_[t].name, n);
    names_.insert(prefix + "_");
    prefixes_[t] = prefix;
  }

  void plan_codes(std::size_t t) {
    const PatchTensor& tensor = tensors_[t];
    if (uses_[t].empty()) refuse(t, "no product or lookup of the file reads it");
    if (tensor.shape.size() != 2) refuse(t, "it is no matrix");
    choose_prefix(t);
    if (tensor.activations) {
      if (auto why = rounding_refusal(*tensor.activations)) refuse(t, *why);
      if (multiplies_learned(t)) {
        refuse(t,
               "it multiplies a table that the model has learned too, whose rounding is lost when read back; let it "
               "stay (--keep), or leave --activations out");
      }
      if (!options_.kind->rounds_inputs) {
        refuse(t, fmt::format("--onnx-kind {} does not round activations ({}); --onnx-kind static does",
                              options_.kind->name, tensor.activations->name));
      }
    }
  }

  bool multiplies_learned(std::size_t t) const {
    const auto consumers = model_.graph.consumers(tensors_[t].value);
    return std::any_of(consumers.begin(), consumers.end(), [&](graph::NodeId id) {
      const graph::Node& node = model_.graph.node(id);
      return node.op == "Linear" && model_.graph.value(node.inputs[0]).kind != graph::Value::Kind::kComputed;
    });
  }

  void plan_cast(std::size_t t) {
    const PatchTensor& tensor = tensors_[t];
    if (uses_[t].empty()) return;
    choose_prefix(t);
    const std::string root = roots_of(t).front();
    const Matrix& matrix = matrices_.at(root);
    if (!holds(matrix.float_type, tensor.scheme.float_dtype)) {
      refuse(t, fmt::format("the model computes with it in {}, which has other values; leave its dtype",
                            data_type_name(matrix.float_type)));
    }
    if (float_type(tensor.scheme.float_dtype) == proto::TensorProto::FLOAT) return;  // nothing narrower
    edits_.held[t] = tensor.scheme.float_dtype;
    TensorJob job{.makes = TensorJob::Makes::kFloats, .tensor = t, .turned = matrix.turned};
    const Shape shape = matrix.turned ? Shape{tensor.shape[1], tensor.shape[0]} : tensor.shape;
    const std::string name = fmt::format("{}_{}", prefixes_.at(t), dtype_name(tensor.scheme.float_dtype));
    job.planned = {{name, float_type(tensor.scheme.float_dtype), shape}};
    edits_.jobs.push_back(std::move(job));
    make_matrices(t, {NodeBuilder("Cast")
                          .named(name + "_cast")
                          .reads({name})
                          .makes({root})
                          .with("to", std::int64_t{matrix.float_type})
                          .build()});
  }

  /// Values that a transform may change: in place, or, where nodes make them of others, in place of those.
  void plan_floats(std::size_t t) {
    const PatchTensor& tensor = tensors_[t];
    std::vector<std::string> names = uses_[t];
    if (names.empty()) {
      const auto found = model_.origins.values.find(tensor.value);
      if (found != model_.origins.values.end()) names.push_back(found->second);
    }
    for (const std::string& name : names) {
      const auto matrix = matrices_.find(name);
      TensorJob job{.makes = TensorJob::Makes::kFloats, .tensor = t};
      job.turned = matrix != matrices_.end() && matrix->second.turned;
      Shape shape = job.turned ? Shape{tensor.shape[1], tensor.shape[0]} : tensor.shape;
      if (const auto* initializer = origin_->initializer(name)) {
        shape.assign(initializer->dims().begin(), initializer->dims().end());
        if (numel(shape) != numel(tensor.shape)) continue;
        job.planned = {{name, initializer->data_type(), shape}};
        if (is_encoded(initializer->data_type())) edits_.rewritten.emplace(name, std::move(job));
        continue;
      }
      Slot* slot = origin_->producer(name);
      if (slot == nullptr || slot->replaced || slot->node.output_size() != 1) continue;
      job.planned = {{name, origin_->float_type(name), shape}};
      forget(*slot);
      tree_.replace(*slot, {});
      edits_.jobs.push_back(std::move(job));
    }
  }

  static bool is_encoded(std::int32_t type) {
    return type == proto::TensorProto::FLOAT || type == proto::TensorProto::FLOAT16 ||
           type == proto::TensorProto::BFLOAT16;
  }

  // ---- Matrices that are made anew ----

  /// The matrices of a tensor that are views of no other of its matrices: the others follow from them.
  std::vector<std::string> roots_of(std::size_t t) const {
    std::vector<std::string> roots;
    for (const std::string& name : uses_[t]) {
      bool follows = false;
      int steps = 0;
      for (std::string at = origin_->viewed(name); !at.empty() && ++steps < 64; at = origin_->viewed(at)) {
        const auto found = matrices_.find(at);
        follows = follows || (found != matrices_.end() && found->second.tensor == t);
      }
      if (!follows) roots.push_back(name);
    }
    return roots;
  }

  /// Adds `nodes`, which make the first root, in place of what made it; the other roots are made from that. They read
  /// initializers only and run before all others, so that every graph and branch sees what they make.
  void make_matrices(std::size_t t, std::vector<proto::NodeProto> nodes) {
    if (is_read_elsewhere(t)) return make_beside(t, std::move(nodes));
    const auto roots = roots_of(t);
    for (const std::string& root : roots) {
      if (root != roots.front()) nodes = {copy_of(root, root, roots.front(), roots.front())};
      make_value(t, root, std::move(nodes));
    }
  }

  /// The node that makes `made`, which is like the matrix `like`, of `from`, which is like `source`.
  proto::NodeProto copy_of(const std::string& made, const std::string& like, const std::string& from,
                           const std::string& source) const {
    const bool turns = matrices_.at(like).turned != matrices_.at(source).turned;
    NodeBuilder node(turns ? "Transpose" : "Identity");
    node.named(made + "_from").reads({from}).makes({made});
    if (turns) node.with("perm", std::vector<std::int64_t>{1, 0});
    return node.build();
  }

  /// Do nodes that stay as they are compute with the tensor's matrices, or what lies between two of them?
  bool is_read_elsewhere(std::size_t t) {
    std::set<std::string> made_anew(uses_[t].begin(), uses_[t].end());
    const auto roots = roots_of(t);
    std::map<std::string, int> expected;
    for (const std::string& name : uses_[t]) {
      std::string at = name;
      for (int steps = 0; steps < 64 && std::find(roots.begin(), roots.end(), at) == roots.end(); ++steps) {
        const std::string from = origin_->viewed(at);
        if (made_anew.insert(from).second || at == name) ++expected[from];
        at = from;
      }
    }
    tree_.for_each([&](Slot& slot) {
      const auto operand = operand_of(slot.node);
      if (operand && made_anew.contains(operand->name)) ++expected[operand->name];
    });
    const auto readers = tree_.readers();
    return std::any_of(made_anew.begin(), made_anew.end(), [&](const std::string& name) {
      const auto found = readers.find(name);
      return found != readers.end() && found->second > expected[name];
    });
  }

  /// As make_matrices, under names of their own: nodes that compute with the file's matrices keep those.
  void make_beside(std::size_t t, std::vector<proto::NodeProto> nodes) {
    const std::string root = roots_of(t).front(), made = prefixes_.at(t) + "_matrix";
    for (proto::NodeProto& node : nodes) {
      for (std::string& output : *node.mutable_output()) output = output == root ? made : output;
    }
    tree_.add_front(std::move(nodes));
    redirected_[root] = made;
    for (const std::string& name : uses_[t]) {
      if (name == root) continue;
      redirected_[name] = fmt::format("{}{}", made, redirected_.size());
      tree_.add_front({copy_of(redirected_[name], name, made, root)});
    }
    add_note(fmt::format("{} also stays in float: other nodes compute with it", tensors_[t].name));
  }

  void redirect_uses() {
    tree_.for_each([&](Slot& slot) {
      const auto operand = operand_of(slot.node);
      const auto found = operand ? redirected_.find(operand->name) : redirected_.end();
      if (found != redirected_.end()) tree_.touch(slot).set_input(operand->input, found->second);
    });
  }

  void make_value(std::size_t t, const std::string& name, std::vector<proto::NodeProto> nodes) {
    tree_.add_front(std::move(nodes));
    if (origin_->initializer(name) != nullptr) {
      edits_.removed.insert(name);
      return;
    }
    Slot* slot = origin_->producer(name);
    if (slot == nullptr || slot->node.output_size() != 1) {
      refuse(t, fmt::format("its matrix {} is part of a branch, or made together with others; let it stay (--keep)",
                            quoted(name)));
    }
    forget(*slot);
    tree_.replace(*slot, {});
  }

  /// What a node that goes read may be read no more.
  void forget(const Slot& slot) { seeds_.insert(seeds_.end(), slot.node.input().begin(), slot.node.input().end()); }

  // ---- Nodes that use tensors of codes ----

  struct Use {
    Slot* slot;
    std::size_t tensor;
    Operand operand;
  };

  std::vector<Use> all_uses() {
    std::vector<Use> uses;
    tree_.for_each([&](Slot& slot) {
      const auto operand = operand_of(slot.node);
      if (!operand) return;
      const auto matrix = matrices_.find(operand->name);
      if (matrix == matrices_.end() || !prefixes_.contains(matrix->second.tensor)) return;
      if (!tensors_[matrix->second.tensor].scheme.quantized()) return;
      uses.push_back({&slot, matrix->second.tensor, *operand});
    });
    return uses;
  }

  void replace_uses() {
    const auto uses = all_uses();
    std::vector<bool> product_made(tensors_.size(), false), rows_made(tensors_.size(), false),
        matrix_made(tensors_.size(), false);
    for (const Use& use : uses) {
      const WeightForm& form = use.operand.is_table ? options_.kind->lookup : options_.kind->product;
      (form.makes == WeightForm::Makes::kMatrix    ? matrix_made
       : form.makes == WeightForm::Makes::kProduct ? product_made
                                                   : rows_made)[use.tensor] = true;
    }
    for (std::size_t t = 0; t < tensors_.size(); ++t) {
      if (product_made[t]) add_codes(t, options_.kind->product, uses_[t].front(), "");
      if (rows_made[t]) add_rows(t, product_made[t]);
      if (matrix_made[t]) add_matrix(t, product_made[t]);
    }
    redirect_uses();
    for (const Use& use : uses) replace_use(use);
  }

  /// The initializers of a form, those that another form of the tensor has already left out.
  void add_codes(std::size_t t, const WeightForm& form, const std::string& matrix, const std::string& suffix,
                 bool without_codes = false) {
    QuantizedWeight weight = weight_of(t, matrix);
    weight.name += suffix;
    if (auto why = form.refusal(weight)) refuse(t, *why);
    edits_.opset = std::max(edits_.opset, form.microsoft ? 0 : form.opset(weight));
    edits_.microsoft = edits_.microsoft || form.microsoft;
    if (std::string note = form.note(weight); !note.empty()) add_note(std::move(note));
    TensorJob job{.makes = TensorJob::Makes::kCodes, .tensor = t, .form = &form, .weight = weight};
    const auto planned = form.plan(weight);
    for (std::size_t p = without_codes ? 1 : 0; p < planned.size(); ++p) {
      if (!made_.insert(planned[p].name).second) continue;
      job.planned.push_back(planned[p]);
      job.parts.push_back(p);
    }
    if (!job.planned.empty()) edits_.jobs.push_back(std::move(job));
  }

  void add_rows(std::size_t t, bool has_product) {
    const WeightForm& form = options_.kind->lookup;
    const QuantizedWeight weight = weight_of(t, uses_[t].front());
    if (auto why = form.refusal(weight)) refuse(t, *why);
    std::vector<proto::NodeProto> nodes;
    if (has_product && form.codes_from_product != nullptr) nodes = form.codes_from_product(weight);
    const bool shares = !nodes.empty();
    tree_.add_front(std::move(nodes));
    add_codes(t, form, uses_[t].front(), "", shares);
  }

  void add_matrix(std::size_t t, bool has_product) {
    const WeightForm& form =
        options_.kind->lookup.makes == WeightForm::Makes::kMatrix ? options_.kind->lookup : options_.kind->product;
    std::string root;
    for (const std::string& name : roots_of(t)) {
      // Beside a product of its own only the table is made.
      if (root.empty() && (!has_product || !matrices_.at(name).turned)) root = name;
    }
    if (root.empty()) root = roots_of(t).front();
    const std::string suffix = has_product ? "_rows" : "";
    add_codes(t, form, root, suffix);
    QuantizedWeight weight = weight_of(t, root);
    weight.name += suffix;
    NodeList list;
    form.add_nodes(weight, {.input = "", .output = root, .node = weight.name + "_dequantize"}, options_.form, list);
    if (has_product) {
      make_value(t, root, std::move(list.nodes));
    } else {
      make_matrices(t, std::move(list.nodes));
    }
  }

  void replace_use(const Use& use) {
    const WeightForm& form = use.operand.is_table ? options_.kind->lookup : options_.kind->product;
    const PatchTensor& tensor = tensors_[use.tensor];
    const bool rounds = tensor.activations && !use.operand.is_table;
    if (form.makes == WeightForm::Makes::kMatrix && !rounds) return;  // the node stays, and reads the new matrix
    const QuantizedWeight weight = weight_of(use.tensor, use.operand.name);
    const proto::NodeProto node = tree_.touch(*use.slot);
    NodeList list;
    list.shared = std::move(shared_[use.slot->scope]);
    if (form.makes == WeightForm::Makes::kMatrix) {
      round_input(use, weight, node, list);
    } else if (use.operand.is_table) {
      form.add_nodes(weight, {.input = node.input(1), .output = node.output(0), .node = name_of(node)}, options_.form,
                     list);
      keep_metadata(node, list);
    } else if (use.operand.is_product) {
      add_product(node, weight, form, options_.form, *origin_, list);
      keep_metadata(node, list);
    } else {
      refuse(use.tensor, fmt::format("{} takes a matrix and cannot be replaced by {}; --onnx-kind qdq is near",
                                     op_name(node), form.name));
    }
    shared_[use.slot->scope] = std::move(list.shared);
    if (form.makes != WeightForm::Makes::kMatrix) seeds_.push_back(use.operand.name);
    tree_.replace(*use.slot, std::move(list.nodes));
  }

  static std::string name_of(const proto::NodeProto& node) {
    return node.name().empty() ? node.output(0) : node.name();
  }

  /// What a node says about where it comes from stays with the one that has its name.
  static void keep_metadata(const proto::NodeProto& node, NodeList& list) {
    for (proto::NodeProto& made : list.nodes) {
      if (made.name() != name_of(node)) continue;
      *made.mutable_metadata_props() = node.metadata_props();
      if (node.has_doc_string()) made.set_doc_string(node.doc_string());
    }
  }

  void round_input(const Use& use, const QuantizedWeight& weight, const proto::NodeProto& node, NodeList& list) {
    const PatchTensor& tensor = tensors_[use.tensor];
    RoundedInput input{weight.name, *tensor.activations, weight.float_type};
    // Products of one value have one range, as the nodes of a group do; a weight of several places has its own.
    const bool alone = uses_of_product(use.tensor) > 1;
    const std::string key = fmt::format("{} {} {}", use.slot->scope, node.input(0), tensor.activations->name);
    TensorJob* job = nullptr;
    if (const auto known = roundings_.find(key); known != roundings_.end() && !alone) {
      job = &edits_.jobs[known->second];
    } else if (const auto own = own_roundings_.find(use.tensor); own != own_roundings_.end()) {
      job = &edits_.jobs[own->second];
    }
    if (job == nullptr) {
      TensorJob made{.makes = TensorJob::Makes::kRounding, .tensor = use.tensor, .rounding = input};
      made.planned = plan_rounding(input);
      if (!alone) roundings_[key] = edits_.jobs.size();
      own_roundings_[use.tensor] = edits_.jobs.size();
      edits_.jobs.push_back(std::move(made));
      job = &edits_.jobs.back();
    }
    job->sharing.push_back(use.tensor);
    proto::NodeProto rounded = node;
    rounded.set_input(0, add_rounding(job->rounding, node.input(0), list));
    if (input.float_type != proto::TensorProto::FLOAT) edits_.opset = std::max<std::int64_t>(edits_.opset, 13);
    list.nodes.push_back(std::move(rounded));
  }

  std::size_t uses_of_product(std::size_t t) const {
    std::size_t count = 0;
    for (const graph::NodeId id : model_.graph.consumers(tensors_[t].value)) {
      count += model_.graph.node(id).op == "Linear" ? 1 : 0;
    }
    return count;
  }

  // ---- What follows ----

  void finish() {
    for (const std::string& name : tree_.remove_unread(seeds_)) {
      if (origin_->initializer(name) != nullptr) edits_.removed.insert(name);
    }
    // A view of a matrix that is made anew may be gone, and with it what only it read.
    const auto readers = tree_.readers();
    for (std::size_t t = 0; t < tensors_.size(); ++t) {
      if (!prefixes_.contains(t) || !tensors_[t].scheme.quantized()) continue;
      if (options_.kind->product.makes == WeightForm::Makes::kMatrix) continue;
      for (const std::string& name : uses_[t]) {
        const auto found = readers.find(name);
        const bool is_made = made_by_form(name);
        if (found == readers.end() || found->second == 0 || is_made) continue;
        add_note(fmt::format("{} also stays in float: other nodes read {}", tensors_[t].name, quoted(name)));
      }
    }
    for (const std::string& name : edits_.removed) edits_.rewritten.erase(name);
  }

  /// Is the value made by nodes now?
  bool made_by_form(const std::string& name) const {
    const auto makes = [&](const proto::NodeProto& node) {
      return std::find(node.output().begin(), node.output().end(), name) != node.output().end();
    };
    return std::any_of(tree_.front().begin(), tree_.front().end(), makes);
  }

  void add_note(std::string note) {
    if (std::find(edits_.notes.begin(), edits_.notes.end(), note) == edits_.notes.end()) {
      edits_.notes.push_back(std::move(note));
    }
  }

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

}  // namespace

PatchEdits plan_edits(ModelFile& file, const ImportedOnnx& model, std::span<const PatchTensor> tensors,
                      const PatchOptions& options, NodeTree& tree) {
  return Planner(file, model, tensors, options, tree).plan();
}

}  // namespace kerf::formats::onnx
