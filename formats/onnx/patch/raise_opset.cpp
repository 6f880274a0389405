#include "formats/onnx/patch/raise_opset.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/node_builder.h"

namespace kerf::formats::onnx {
namespace {

/// Operators whose nodes of older opsets are read otherwise from a version on (onnx.ai/onnx/operators), other than by
/// types and attributes that were added.
struct Change {
  std::string_view op;
  std::int64_t version;
};
constexpr Change kAxesBecomeInput[] = {{"ReduceL1", 18},        {"ReduceL2", 18},   {"ReduceLogSum", 18},
                                       {"ReduceLogSumExp", 18}, {"ReduceMax", 18},  {"ReduceMean", 18},
                                       {"ReduceMin", 18},       {"ReduceProd", 18}, {"ReduceSumSquare", 18}};
constexpr Change kOther[] = {
    {"BatchNormalization", 14}, {"RoiAlign", 16}, {"GridSample", 20}, {"DFT", 20}, {"GroupNormalization", 21}};
constexpr std::int64_t kSplitVersion = 18;

template <std::size_t N>
bool contains(const Change (&changes)[N], const std::string& op, std::int64_t from, std::int64_t to) {
  return std::any_of(std::begin(changes), std::end(changes), [&](const Change& change) {
    return change.op == op && from < change.version && change.version <= to;
  });
}

const proto::AttributeProto* find_attribute(const proto::NodeProto& node, std::string_view name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

bool reduces(const proto::NodeProto& node, std::int64_t from, std::int64_t to) {
  return contains(kAxesBecomeInput, node.op_type(), from, to) && find_attribute(node, "axes") != nullptr;
}

/// In equal parts, which must be counted since.
bool splits_equally(const proto::NodeProto& node, std::int64_t from, std::int64_t to) {
  return node.op_type() == "Split" && from < kSplitVersion && kSplitVersion <= to &&
         (node.input_size() < 2 || node.input(1).empty());
}

bool graphs_change(const proto::NodeProto& node, std::int64_t from, std::int64_t to) {
  for (const auto& attribute : node.attribute()) {
    for (const auto& inner : attribute.g().node()) {
      if (changes_meaning(inner, from, to)) return true;
    }
  }
  return false;
}

}  // namespace

bool changes_meaning(const proto::NodeProto& node, std::int64_t from, std::int64_t to) {
  if (graphs_change(node, from, to)) return true;
  if (!canonical_domain(node.domain()).empty()) return false;
  return reduces(node, from, to) || splits_equally(node, from, to) || contains(kOther, node.op_type(), from, to);
}

std::vector<proto::NodeProto> raised(const proto::NodeProto& node, std::int64_t from, std::int64_t to) {
  proto::NodeProto result = node;
  for (auto& attribute : *result.mutable_attribute()) {
    if (!attribute.has_g()) continue;
    proto::GraphProto graph = attribute.g();
    graph.clear_node();
    for (const auto& inner : attribute.g().node()) {
      for (proto::NodeProto& made : raised(inner, from, to)) graph.add_node()->Swap(&made);
    }
    attribute.mutable_g()->Swap(&graph);
  }
  if (!canonical_domain(node.domain()).empty()) return {result};
  if (contains(kOther, node.op_type(), from, to)) {
    throw_usage(
        fmt::format("the kind needs operators of opset {}, and node {} is a {} of opset {}, which means "
                    "something else there; give another --onnx-kind",
                    to, quoted(node.name()), node.op_type(), from));
  }
  if (splits_equally(node, from, to)) {
    auto* count = result.add_attribute();
    count->set_name("num_outputs");
    count->set_type(proto::AttributeProto::INT);
    count->set_i(node.output_size());
    return {result};
  }
  if (!reduces(node, from, to)) return {result};
  const auto& axes = find_attribute(node, "axes")->ints();
  const std::string name = node.output(0) + "_axes";
  result.clear_attribute();
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() != "axes") *result.add_attribute() = attribute;
  }
  result.add_input(name);
  return {NodeBuilder("Constant")
              .named(name)
              .makes({name})
              .with("value_ints", std::vector<std::int64_t>(axes.begin(), axes.end()))
              .build(),
          result};
}

std::int64_t ir_version_of(std::int64_t opset) {
  // https://github.com/onnx/onnx/blob/main/docs/Versioning.md
  if (opset >= 23) return 11;
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  return opset >= 15 ? 8 : 7;
}

}  // namespace kerf::formats::onnx
