#include "formats/onnx/patch/file_parts.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/error.h"
#include "formats/onnx/patch/raise_opset.h"
#include "formats/onnx/patch/read_message.h"

namespace kerf::formats::onnx {
namespace {

/// Values of fewer bytes stay in the message even beside a data file.
constexpr std::uint64_t kSmallestExternal = 1024;
/// So that runtimes can map what is large: pages; what is small: cache lines.
constexpr std::uint64_t kPage = 4096, kLine = 64, kLarge = std::uint64_t{1} << 20;

std::string message_field(std::uint32_t field, const google::protobuf::MessageLite& message) {
  const std::string bytes = message.SerializeAsString();
  return field_header(field, bytes.size()) + bytes;
}

/// Fields of TensorProto that say what it is, not what its values are.
bool is_header_field(std::uint32_t number) {
  constexpr std::uint32_t kDims = 1, kDataType = 2, kName = 8, kDoc = 12, kMetadata = 16;
  return number == kDims || number == kDataType || number == kName || number == kDoc || number == kMetadata;
}

std::string read_text(const ByteSource& file, const FilePiece& piece) {
  std::string text(static_cast<std::size_t>(piece.bytes()), '\0');
  file.read(piece.begin, std::as_writable_bytes(std::span(text)));
  return text;
}

class Layout {
 public:
  Layout(ModelFile& file, const FileIndex& index, NodeTree& tree, const PatchEdits& edits, const PatchOptions& options)
      : file_(file), index_(index), tree_(tree), edits_(edits), options_(options) {}

  FileParts lay_out(bool external) {
    result_.external = external;
    find_opset();
    raise_nodes();
    fix_shapes();
    std::vector<FilePart> graph = graph_parts();
    std::uint64_t graph_bytes = 0;
    for (const FilePart& part : graph) graph_bytes += part.size();
    for (const FilePiece& piece : index_.model) add_model_piece(piece, graph, graph_bytes);
    for (const std::string& missing : missing_imports_) result_.parts.push_back({.text = missing});
    for (const FilePart& part : result_.parts) result_.model_bytes += part.size();
    return std::move(result_);
  }

 private:
  // ---- Versions ----

  void find_opset() {
    bool has_microsoft = false;
    for (const auto& import : file_.model.opset_import()) {
      if (canonical_domain(import.domain()).empty()) opset_ = import.version();
      has_microsoft = has_microsoft || import.domain() == kMicrosoftDomain;
    }
    raised_opset_ = std::max(opset_, edits_.opset);
    if (opset_ == 0 && raised_opset_ > 0) missing_imports_.push_back(import_text("", raised_opset_));
    if (edits_.microsoft && !has_microsoft) missing_imports_.push_back(import_text(kMicrosoftDomain, 1));
  }

  static std::string import_text(std::string_view domain, std::int64_t version) {
    proto::OperatorSetIdProto import;
    import.set_domain(std::string(domain));
    import.set_version(version);
    return message_field(field::kOpsetImport, import);
  }

  bool raises() const { return opset_ > 0 && raised_opset_ > opset_; }

  void raise_nodes() {
    if (!raises()) return;
    std::vector<Slot*> changing;
    tree_.for_each([&](Slot& slot) {
      if (slot.branches.empty() && changes_meaning(slot.node, opset_, raised_opset_)) changing.push_back(&slot);
    });
    for (Slot* slot : changing) tree_.replace(*slot, raised(tree_.touch(*slot), opset_, raised_opset_));
  }

  // ---- Shapes ----

  void fix_shapes() {
    if (options_.dims.empty()) return;
    proto::GraphProto graph;
    std::vector<std::pair<const FilePiece*, proto::ValueInfoProto*>> values;
    for (const FilePiece& piece : index_.graph) {
      proto::ValueInfoProto* value = piece.field == field::kInput       ? graph.add_input()
                                     : piece.field == field::kOutput    ? graph.add_output()
                                     : piece.field == field::kValueInfo ? graph.add_value_info()
                                                                        : nullptr;
      if (value == nullptr) continue;
      read_message(*file_.file, piece, *value);
      values.emplace_back(&piece, value);
    }
    const proto::GraphProto before = graph;
    fix_dims(options_.dims, graph);
    for (const auto& [piece, value] : values) shapes_[piece->begin] = message_field(piece->field, *value);
  }

  // ---- The graph ----

  std::vector<FilePart> graph_parts() {
    std::vector<FilePart> parts;
    bool front_added = false;
    int node = 0, initializer = 0;
    for (const FilePiece& piece : index_.graph) {
      if (piece.field == field::kNode) {
        if (!std::exchange(front_added, true)) add_nodes(tree_.front(), parts);
        add_slot(tree_.slots()[static_cast<std::size_t>(node++)], piece, parts);
      } else if (piece.field == field::kInitializer) {
        add_initializer(file_.model.graph().initializer(initializer++), piece, parts);
      } else if (piece.field == field::kInput && edits_.removed.contains(input_name(piece))) {
        // Before IR version 4 initializers were listed as inputs too.
      } else if (const auto shape = shapes_.find(piece.begin); shape != shapes_.end()) {
        parts.push_back({.text = shape->second});
      } else {
        parts.push_back({.copied = piece});
      }
    }
    if (!front_added) add_nodes(tree_.front(), parts);
    for (const TensorJob& job : edits_.jobs) add_job(job, parts);
    return parts;
  }

  std::string input_name(const FilePiece& piece) const {
    proto::ValueInfoProto value;
    read_message(*file_.file, piece, value);
    return value.name();
  }

  static void add_nodes(const std::vector<proto::NodeProto>& nodes, std::vector<FilePart>& parts) {
    for (const proto::NodeProto& node : nodes) parts.push_back({.text = message_field(field::kNode, node)});
  }

  static void add_slot(const Slot& slot, const FilePiece& piece, std::vector<FilePart>& parts) {
    if (!slot.replaced && !slot.changed) {
      parts.push_back({.copied = piece});
      return;
    }
    std::vector<proto::NodeProto> nodes;
    NodeTree::collect(slot, nodes);
    add_nodes(nodes, parts);
  }

  void add_initializer(const proto::TensorProto& tensor, const FilePiece& piece, std::vector<FilePart>& parts) {
    if (edits_.removed.contains(tensor.name())) return;
    StoredTensor stored(tensor, file_.file, file_.external, tensor.name());
    result_.tensor_bytes += stored.stored_bytes();
    const auto rewritten = edits_.rewritten.find(tensor.name());
    const bool leaves = result_.external && stored.stored_bytes() >= kSmallestExternal;
    const bool is_external = tensor.data_location() == proto::TensorProto::EXTERNAL;
    if (rewritten == edits_.rewritten.end() && !leaves && !is_external) {
      parts.push_back({.copied = piece});
      return;
    }
    FilePart part{.bytes = stored.stored_bytes()};
    if (rewritten != edits_.rewritten.end()) {
      part.job = &rewritten->second;
    } else {
      part.stored = static_cast<int>(result_.stored.size());
      result_.stored.push_back(std::move(stored));
    }
    finish_tensor(header_of(piece), std::move(part), parts);
  }

  std::string header_of(const FilePiece& piece) const {
    std::string header;
    for (const FilePiece& inner : index_message(*file_.file, piece.body, piece.end)) {
      if (is_header_field(inner.field)) header += read_text(*file_.file, inner);
    }
    return header;
  }

  void add_job(const TensorJob& job, std::vector<FilePart>& parts) {
    for (std::size_t p = 0; p < job.planned.size(); ++p) {
      const PlannedTensor& planned = job.planned[p];
      proto::TensorProto header;
      for (const std::int64_t dim : planned.shape) header.add_dims(dim);
      header.set_data_type(planned.data_type);
      header.set_name(planned.name);
      result_.tensor_bytes += planned.bytes();
      finish_tensor(header.SerializeAsString(), {.job = &job, .planned = p, .bytes = planned.bytes()}, parts);
    }
  }

  /// The message up to its values, and where those go.
  void finish_tensor(std::string header, FilePart part, std::vector<FilePart>& parts) {
    part.external = result_.external && part.bytes >= kSmallestExternal;
    if (part.external) {
      part.offset = *checked_align(result_.data_bytes, part.bytes >= kLarge ? kPage : kLine);
      result_.data_bytes = part.offset + part.bytes;
      proto::TensorProto place;
      const auto say = [&](std::string key, std::string value) {
        auto* entry = place.add_external_data();
        entry->set_key(std::move(key));
        entry->set_value(std::move(value));
      };
      say("location", options_.data_name);
      say("offset", fmt::format("{}", part.offset));
      say("length", fmt::format("{}", part.bytes));
      place.set_data_location(proto::TensorProto::EXTERNAL);
      header += place.SerializeAsString();
      part.text = field_header(field::kInitializer, header.size()) + header;
    } else {
      header += field_header(field::kRawData, part.bytes);
      part.text = field_header(field::kInitializer, header.size() + part.bytes) + header;
    }
    parts.push_back(std::move(part));
  }

  // ---- The message around it ----

  void add_model_piece(const FilePiece& piece, std::vector<FilePart>& graph, std::uint64_t graph_bytes) {
    if (piece.field == field::kGraph) {
      result_.parts.push_back({.text = field_header(field::kGraph, graph_bytes)});
      std::move(graph.begin(), graph.end(), std::back_inserter(result_.parts));
      return;
    }
    std::string text;
    if (piece.field == field::kIrVersion) text = version_text();
    if (piece.field == field::kOpsetImport && raises()) text = raised_import(piece);
    if (piece.field == field::kFunctions && raises()) text = raised_function(piece);
    if (text.empty()) {
      result_.parts.push_back({.copied = piece});
    } else {
      result_.parts.push_back({.text = std::move(text)});
    }
  }

  std::string version_text() const {
    const std::int64_t needed = raises() ? ir_version_of(raised_opset_) : edits_.jobs.empty() ? 0 : 4;
    if (file_.model.ir_version() >= needed) return {};
    proto::ModelProto version;
    version.set_ir_version(needed);
    return version.SerializeAsString();
  }

  std::string raised_import(const FilePiece& piece) const {
    proto::OperatorSetIdProto import;
    read_message(*file_.file, piece, import);
    if (!canonical_domain(import.domain()).empty()) return {};
    import.set_version(raised_opset_);
    return message_field(field::kOpsetImport, import);
  }

  /// A function's operators must be those of the model.
  std::string raised_function(const FilePiece& piece) const {
    proto::FunctionProto function;
    read_message(*file_.file, piece, function);
    std::int64_t from = 0;
    for (auto& import : *function.mutable_opset_import()) {
      if (!canonical_domain(import.domain()).empty() || import.version() >= raised_opset_) continue;
      from = import.version();
      import.set_version(raised_opset_);
    }
    if (from == 0) return {};
    proto::FunctionProto result = function;
    result.clear_node();
    for (const auto& node : function.node()) {
      for (proto::NodeProto& made : raised(node, from, raised_opset_)) result.add_node()->Swap(&made);
    }
    return message_field(field::kFunctions, result);
  }

  ModelFile& file_;
  const FileIndex& index_;
  NodeTree& tree_;
  const PatchEdits& edits_;
  const PatchOptions& options_;
  FileParts result_;
  std::int64_t opset_ = 0, raised_opset_ = 0;
  std::vector<std::string> missing_imports_;
  std::map<std::uint64_t, std::string> shapes_;  ///< by where the piece begins
};

}  // namespace

FileParts lay_out(ModelFile& file, const FileIndex& index, NodeTree& tree, const PatchEdits& edits,
                  const PatchOptions& options, bool external) {
  return Layout(file, index, tree, edits, options).lay_out(external);
}

}  // namespace kerf::formats::onnx
