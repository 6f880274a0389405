#include "calibration/importance.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::calibration {
namespace {

using formats::gguf::ImportanceEntry;
using formats::gguf::ImportanceFile;
using formats::gguf::ImportancePlace;

constexpr std::string_view kObserver = "sum_squares";

struct PlacedWeight {
  const graph::Weight* weight;
  ImportancePlace place;
};

std::vector<PlacedWeight> placed_weights(const graph::Graph& graph) {
  std::set<int> layers_with_experts;
  for (const graph::ValueId id : graph.weights()) {
    const graph::Weight& weight = graph.value(id).weight;
    if (weight.expert >= 0) layers_with_experts.insert(weight.layer);
  }
  std::vector<PlacedWeight> placed;
  for (const graph::ValueId id : graph.weights()) {
    const graph::Weight& weight = graph.value(id).weight;
    if (weight.source->shape().size() != 2) continue;
    if (auto place = formats::gguf::importance_place(weight, layers_with_experts.contains(weight.layer))) {
      placed.push_back({&weight, *std::move(place)});
    }
  }
  return placed;
}

/// The matrix of an entry, made as large as it must be for it.
void add_matrix(const Statistics& seen, std::int64_t matrix, ImportanceEntry& entry) {
  const auto cols = static_cast<std::size_t>(seen.cols());
  const auto index = static_cast<std::size_t>(matrix);
  if (entry.counts.size() <= index) {
    entry.counts.resize(index + 1, 0);
    entry.sums.resize((index + 1) * cols, 0.0F);
  }
  const auto squares = seen.state(kObserver).values<double>();
  std::transform(squares.begin(), squares.end(), entry.sums.begin() + static_cast<std::ptrdiff_t>(index * cols),
                 [](double sum) { return static_cast<float>(sum); });
  entry.counts[index] = seen.tokens();
}

}  // namespace

ImportanceFile to_importance(const graph::Graph& graph, const ModelStatistics& statistics) {
  std::map<std::string, ImportanceEntry> by_name;
  for (const PlacedWeight& placed : placed_weights(graph)) {
    const auto seen = statistics.by_weight.find(placed.weight->name);
    if (placed.weight->layer < 0 || seen == statistics.by_weight.end() || !seen->second->has(kObserver)) continue;
    ImportanceEntry& entry = by_name[placed.place.name];
    entry.name = placed.place.name;
    add_matrix(*seen->second, placed.place.matrix, entry);
  }
  if (by_name.empty()) throw_input("", "", "no weight that was seen has a name in llama.cpp's files");
  ImportanceFile file;
  for (auto& [name, entry] : by_name) file.entries.push_back(std::move(entry));
  file.chunks = statistics.windows;
  file.chunk_size = statistics.windows > 0 ? statistics.tokens / statistics.windows : 0;
  return file;
}

namespace {

/// The statistics of one matrix of an entry.
std::shared_ptr<const Statistics> matrix_of(const ImportanceEntry& entry, const PlacedWeight& placed,
                                            const std::string& path) {
  const auto cols = static_cast<std::size_t>(placed.weight->source->row_size());
  const auto matrix = static_cast<std::size_t>(placed.place.matrix);
  const std::size_t matrices = entry.sums.size() / cols;
  if (entry.sums.size() % cols != 0 || (entry.counts.size() != 1 && entry.counts.size() != matrices)) {
    throw_input(path, quoted(entry.name),
                fmt::format("has {} sums and {} counts, the model's {} has {} input channels", entry.sums.size(),
                            entry.counts.size(), placed.weight->name, cols));
  }
  if (matrix >= matrices || (placed.weight->expert < 0 && matrices != 1)) {
    throw_input(path, quoted(entry.name),
                fmt::format("is of {} matrices, which {} of the model does not fit", matrices, placed.weight->name));
  }
  Tensor squares(DType::kF64, {static_cast<std::int64_t>(cols)});
  std::copy_n(entry.sums.begin() + static_cast<std::ptrdiff_t>(matrix * cols), cols, squares.data<double>());
  auto result = std::make_shared<Statistics>();
  result->restore(static_cast<std::int64_t>(cols), entry.counts[entry.counts.size() == 1 ? 0 : matrix],
                  {{std::string(kObserver), std::move(squares)}});
  return result;
}

}  // namespace

ModelStatistics from_importance(const graph::Graph& graph, const ImportanceFile& file, const std::string& path,
                                std::vector<std::string>& notes) {
  std::map<std::string_view, const ImportanceEntry*> by_name;
  for (const ImportanceEntry& entry : file.entries) by_name.emplace(entry.name, &entry);
  ModelStatistics result;
  result.partial = true;
  std::set<std::string_view> used;
  for (const PlacedWeight& placed : placed_weights(graph)) {
    const auto entry = by_name.find(placed.place.name);
    if (entry == by_name.end()) continue;
    used.insert(entry->first);
    result.by_weight[placed.weight->name] = matrix_of(*entry->second, placed, path);
    result.tokens = std::max(result.tokens, result.by_weight[placed.weight->name]->tokens());
  }
  if (used.empty()) throw_input(path, "", "says nothing about any weight of this model: it is of another one");
  if (used.size() < by_name.size()) {
    const auto unused =
        std::find_if(by_name.begin(), by_name.end(), [&](const auto& entry) { return !used.contains(entry.first); });
    notes.push_back(fmt::format("{}: {} of {} entries are of no weight of this model; first {}", path,
                                by_name.size() - used.size(), by_name.size(), quoted(unused->first)));
  }
  result.windows = file.chunks;
  return result;
}

}  // namespace kerf::calibration
