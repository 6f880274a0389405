#include "calibration/statistics_file.h"

#include <array>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/output.h"
#include "core/strings.h"
#include "formats/safetensors/reader.h"
#include "formats/safetensors/writer.h"

namespace kerf::calibration {
namespace {

constexpr std::string_view kFormat = "kerf-statistics-1";
constexpr std::string_view kSeparator = "::";
constexpr std::string_view kPartial = "partial";

/// Groups by the name of their first weight, with all their weights.
std::map<std::string, std::vector<std::string>> group_names(const ModelStatistics& statistics) {
  std::map<const Statistics*, std::vector<std::string>> by_state;
  for (const auto& [name, state] : statistics.by_weight) by_state[state.get()].push_back(name);
  std::map<std::string, std::vector<std::string>> groups;
  for (auto& [state, names] : by_state) groups.emplace(names.front(), names);
  return groups;
}

}  // namespace

void write_statistics(const std::string& path, const ModelStatistics& statistics) {
  namespace st = formats::safetensors;
  const auto groups = group_names(statistics);
  Json weights = Json::object(), tokens = Json::object();
  std::vector<st::TensorPlan> plans;
  for (const auto& [key, names] : groups) {
    const Statistics& state = *statistics.by_weight.at(key);
    Json list = Json::array();
    for (const std::string& name : names) list.push_back(name);
    weights.set(key, std::move(list));
    tokens.set(key, state.tokens());
    for (const auto& [observer, tensor] : state.states()) {
      plans.push_back({fmt::format("{}{}{}", key, kSeparator, observer), tensor.dtype(), tensor.shape()});
    }
  }
  st::sort_for_alignment(plans);
  st::Metadata metadata = {{"format", std::string(kFormat)},
                           {"weights", weights.dump()},
                           {"group_tokens", tokens.dump()},
                           {"windows", std::to_string(statistics.windows)},
                           {"tokens", std::to_string(statistics.tokens)},
                           {"text_sha256", statistics.text_sha256}};
  if (statistics.partial) metadata.emplace(kPartial, "true");
  OutputFile file(path);
  st::Writer writer(file, plans, metadata);
  for (const auto& plan : plans) {
    const std::size_t at = plan.name.rfind(kSeparator);
    const Tensor& tensor =
        statistics.by_weight.at(plan.name.substr(0, at))->state(plan.name.substr(at + kSeparator.size()));
    writer.append(plan.name, {tensor.raw(), tensor.bytes()});
  }
  writer.finish();
  file.commit();
}

bool is_statistics_file(const std::string& path) {
  if (!is_regular_file(path)) return false;
  const auto file = InputFile::open(path);
  std::array<char, 10> start{};
  if (file->size() < start.size()) return false;
  file->read(0, std::as_writable_bytes(std::span(start)));
  // A safetensors file: a length below 2^48, then an object.
  return start[6] == 0 && start[7] == 0 && start[8] == '{' && start[9] == '"';
}

namespace {

std::string metadata_entry(const formats::safetensors::Reader& reader, const std::string& key) {
  const auto found = reader.header().metadata.find(key);
  if (found == reader.header().metadata.end())
    throw_input(reader.path(), "__metadata__", "key '" + key + "' is missing");
  return found->second;
}

std::int64_t metadata_count(const formats::safetensors::Reader& reader, const std::string& key) {
  const Json value = Json::parse(metadata_entry(reader, key), reader.path());
  return JsonCursor(value, reader.path(), key).as_int64_in(0, std::int64_t{1} << 60);
}

/// Does the observer's state have a place for each channel?
bool is_by_channel(const ObserverInfo& info) { return info.shape(1).front() != info.shape(2).front(); }

/// How many channels the group has; -1 if none of its tensors says.
std::int64_t channels_of(const formats::safetensors::Reader& reader, const std::string& key) {
  for (const ObserverInfo* info : observers()) {
    const auto entry = reader.header().tensors.find(fmt::format("{}{}{}", key, kSeparator, info->name));
    if (entry == reader.header().tensors.end() || !is_by_channel(*info)) continue;
    return entry->second.shape.empty() ? 0 : entry->second.shape.front();
  }
  return -1;
}

void check_finite(std::span<const double> values, const std::string& path, const std::string& name) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) throw_input(path, quoted(name), fmt::format("element {} is not finite", i));
  }
}

/// The states of one group, each checked against its observer.
std::map<std::string, Tensor, std::less<>> read_states(const formats::safetensors::Reader& reader,
                                                       const std::string& key, std::int64_t& cols) {
  std::map<std::string, Tensor, std::less<>> states;
  cols = channels_of(reader, key);
  for (const ObserverInfo* info : observers()) {
    const std::string name = fmt::format("{}{}{}", key, kSeparator, info->name);
    const auto entry = reader.header().tensors.find(name);
    if (entry == reader.header().tensors.end()) continue;
    const Shape& shape = entry->second.shape;
    if (cols <= 0 || shape != info->shape(cols) || entry->second.dtype != info->dtype) {
      throw_input(reader.path(), quoted(name),
                  fmt::format("found {} {}, which does not fit the others of its group",
                              dtype_name(entry->second.dtype), to_string(shape)));
    }
    Tensor tensor = reader.read_tensor(name);
    if (info->dtype == DType::kF32) {
      formats::safetensors::check_finite(tensor.values<float>(), 0, shape, reader.path(), quoted(name));
    } else {
      check_finite(tensor.values<double>(), reader.path(), name);
    }
    states.emplace(info->name, std::move(tensor));
  }
  if (states.empty()) throw_input(reader.path(), quoted(key), "the group has no tensors");
  return states;
}

}  // namespace

ModelStatistics read_statistics(const std::string& path) {
  const formats::safetensors::Reader reader(path);
  const auto format = reader.header().metadata.find("format");
  if (format == reader.header().metadata.end() || format->second != kFormat) {
    throw_input(path, "", "is not a file of statistics that kerf calibrate saved");
  }
  ModelStatistics result;
  result.windows = metadata_count(reader, "windows");
  result.tokens = metadata_count(reader, "tokens");
  result.text_sha256 = metadata_entry(reader, "text_sha256");
  result.partial = reader.header().metadata.contains(std::string(kPartial));
  const Json weights = Json::parse(metadata_entry(reader, "weights"), path);
  const Json tokens = Json::parse(metadata_entry(reader, "group_tokens"), path);
  const JsonCursor counts(tokens, path, "group_tokens");
  for (const auto& [key, names] : JsonCursor(weights, path, "weights").as_object()) {
    std::int64_t cols = 0;
    auto states = read_states(reader, key, cols);
    auto state = std::make_shared<Statistics>();
    state->restore(cols, counts.at(key).as_int64_in(0, std::int64_t{1} << 60), std::move(states));
    for (std::size_t i = 0; i < JsonCursor(names, path, "weights").as_array().size(); ++i) {
      result.by_weight[JsonCursor(names, path, "weights." + key).at(i).as_string()] = state;
    }
  }
  return result;
}

void merge_into(ModelStatistics& into, const ModelStatistics& other) {
  std::map<const Statistics*, std::shared_ptr<Statistics>> merged;
  for (auto& [name, state] : into.by_weight) {
    const auto found = other.by_weight.find(name);
    if (found == other.by_weight.end()) {
      throw_input("", quoted(name), "only one of the files has statistics about this weight");
    }
    auto& sum = merged[state.get()];
    if (!sum) {
      sum = std::make_shared<Statistics>(*state);
      // The states are shared with the original until they are copied here.
      std::map<std::string, Tensor, std::less<>> own;
      for (const auto& [observer, tensor] : state->states()) own.emplace(observer, tensor.clone());
      sum->restore(state->cols(), state->tokens(), std::move(own));
      sum->merge(*found->second);
    }
  }
  for (auto& [name, state] : into.by_weight) state = std::shared_ptr<const Statistics>(merged.at(state.get()));
  if (into.by_weight.size() != other.by_weight.size()) {
    throw_input("", "", "the files are about different models");
  }
  into.windows += other.windows;
  into.tokens += other.tokens;
  into.text_sha256 += "+" + other.text_sha256;
  into.partial = into.partial || other.partial;
}

}  // namespace kerf::calibration
