#include "formats/onnx/export/attention_mask.h"

#include <vector>

#include <fmt/format.h>

namespace kerf::formats::onnx {
namespace {

constexpr std::int64_t kToBool = proto::TensorProto::BOOL, kToF32 = proto::TensorProto::FLOAT;

/// Nodes that several layers share belong to none of them.
class Place {
 public:
  explicit Place(GraphWriter& writer) : writer_(writer), before_(writer.place()) { writer.set_place("attention_mask"); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { writer_.set_place(before_); }

 private:
  GraphWriter& writer_;
  std::string before_;
};

/// [queries, keys]: a query sees itself and what is before it, or of that the last ones.
std::string seen_by_place(Exporter& exporter, const VisibleKeys& visible) {
  GraphWriter& writer = exporter.writer();
  // A mask is an input of the model: the length does not have to wait for what the model computes.
  const std::string& keys = visible.mask.empty() ? visible.keys : visible.mask;
  const std::string count = exporter.count_along(keys, 1);
  std::string places = count;
  if (!visible.same_length) {
    const std::string skipped =
        writer.node("Sub", {exporter.scalar_extent(keys, 1), exporter.scalar_extent(visible.queries, 1)});
    places = writer.node("Add", {exporter.count_along(visible.queries, 1), skipped});
  }
  const std::string rows = writer.node("Unsqueeze", {places, writer.integers({1})});
  const std::string columns = writer.node("Unsqueeze", {count, writer.integers({0})});
  const std::string earlier = writer.node("LessOrEqual", {columns, rows});
  if (visible.window == 0) return earlier;
  const std::string before = writer.node("Sub", {rows, writer.integer(visible.window)});
  return writer.node("And", {earlier, writer.node("Greater", {columns, before})});
}

}  // namespace

std::string visible_keys(Exporter& exporter, const VisibleKeys& visible) {
  if (visible.mask.empty() && !visible.causal) return {};
  std::string key = fmt::format("visible {} {} {} {}", visible.mask, visible.causal, visible.window, visible.head_axes);
  if (!visible.same_length) key += visible.queries;
  // Without a mask the length is that of the keys, which are each layer's own.
  if (visible.mask.empty()) key += " " + visible.keys;
  return exporter.shared(key, [&] {
    GraphWriter& writer = exporter.writer();
    const Place place(writer);
    std::vector<std::int64_t> axes;
    for (std::int64_t axis = 1; axis <= visible.head_axes + 1; ++axis) axes.push_back(axis);
    std::string seen;
    if (!visible.mask.empty()) {
      const std::string truths = writer.node("Cast", {visible.mask}, {{"to", kToBool}});
      seen = writer.node("Unsqueeze", {truths, writer.integers(axes)});
    }
    if (!visible.causal) return seen;
    const std::string earlier = seen_by_place(exporter, visible);
    return seen.empty() ? earlier : writer.node("And", {seen, earlier});
  });
}

std::string key_positions(Exporter& exporter, const std::string& mask, const std::string& keys) {
  GraphWriter& writer = exporter.writer();
  const Place place(writer);
  if (mask.empty()) {
    const std::string row = writer.node("Unsqueeze", {exporter.count_along(keys, 1), writer.integers({0})});
    return writer.node("Cast", {row}, {{"to", kToF32}});
  }
  const std::string counted = writer.node("CumSum", {mask, writer.integer(1)});
  const std::string places = writer.node("Mul", {writer.node("Sub", {counted, writer.integer(1)}), mask});
  return writer.node("Cast", {places}, {{"to", kToF32}});
}

}  // namespace kerf::formats::onnx
