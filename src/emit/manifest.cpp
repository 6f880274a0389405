#include "emit/manifest.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json_strings.h"
#include "core/strings.h"

namespace kerf::emit {
namespace {

constexpr std::string_view kEnding = ".kerf.json";
constexpr std::string_view kNameInFolder = "model.kerf.json";
constexpr std::int64_t kFormatVersion = 1;
constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;

/// "model-00001-of-00003.gguf" -> "model.gguf"
std::string without_part(const std::string& path) {
  constexpr std::string_view kPattern = "*-\?\?\?\?\?-of-\?\?\?\?\?.*";  // no trigraphs
  const std::string name = file_name(path);
  if (!glob_match(kPattern, name)) return path;
  const std::size_t dot = name.rfind('.');
  constexpr std::size_t kPart = std::string_view("-00001-of-00003").size();
  if (dot < kPart) return path;
  return join_path(parent_path(path), name.substr(0, dot - kPart) + name.substr(dot));
}

Json files_json(const std::vector<FileHash>& files) {
  Json::Array list;
  for (const FileHash& file : files) {
    Json::Object out;
    out.set("name", utf8_text(file.name));
    out.set("bytes", file.bytes);
    out.set("sha256", file.sha256);
    list.emplace_back(std::move(out));
  }
  return list;
}

/// Nothing but what is known here: an older kerf must not take a newer manifest for all there is.
void check_keys(const JsonCursor& object, std::span<const std::string_view> known) {
  for (const auto& [key, value] : object.as_object()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    object.fail(unknown_name("key", key, names));
  }
}

template <typename Read>
void for_each(const JsonCursor& list, Read read) {
  const std::size_t count = list.as_array().size();
  for (std::size_t i = 0; i < count; ++i) read(list.at(i));
}

std::vector<std::string> read_strings(const JsonCursor& list) {
  std::vector<std::string> strings;
  for_each(list, [&](const JsonCursor& item) { strings.push_back(item.as_string()); });
  return strings;
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::vector<FileHash> read_files(const JsonCursor& list) {
  constexpr std::array<std::string_view, 3> kKeys = {"name", "bytes", "sha256"};
  std::vector<FileHash> files;
  for_each(list, [&](const JsonCursor& item) {
    check_keys(item, kKeys);
    FileHash file{item.at("name").as_string(), item.at("bytes").as_uint64(), item.at("sha256").as_string()};
    if (!is_sha256(file.sha256)) item.at("sha256").fail("expected 64 hexadecimal digits");
    files.push_back(std::move(file));
  });
  return files;
}

TensorPlan read_tensor(const JsonCursor& json) {
  constexpr std::array<std::string_view, 12> kKeys = {"name",   "role",        "shape",          "scheme",
                                                      "method", "activations", "pruning",        "bits_per_weight",
                                                      "rule",   "fallback",    "relative_error", "xxh3"};
  check_keys(json, kKeys);
  TensorPlan plan;
  plan.name = json.at("name").as_string();
  plan.role = json.at("role").as_string();
  for_each(json.at("shape"), [&](const JsonCursor& size) { plan.shape.push_back(size.as_int64()); });
  plan.scheme = json.at("scheme").as_string();
  plan.method = json.string_or("method", "");
  plan.activations = json.string_or("activations", "");
  plan.pruning = json.string_or("pruning", "");
  plan.bits_per_weight = json.at("bits_per_weight").as_double();
  plan.rule = json.string_or("rule", "");
  plan.fallback = json.bool_or("fallback", false);
  if (const auto error = json.get("relative_error")) plan.relative_error = error->as_double();
  plan.hash = json.string_or("xxh3", "");
  return plan;
}

}  // namespace

std::string manifest_path(const std::string& output, bool folder) {
  return folder ? join_path(output, kNameInFolder) : output + std::string(kEnding);
}

std::string find_manifest(const std::string& model) {
  if (is_directory(model)) {
    const std::string inside = manifest_path(model, true);
    return path_exists(inside) ? inside : "";
  }
  const std::array<std::string, 3> places = {manifest_path(model, false), manifest_path(without_part(model), false),
                                             manifest_path(parent_path(model), true)};
  const auto found = std::find_if(places.begin(), places.end(), path_exists);
  return found == places.end() ? "" : *found;
}

Json to_json(const TensorPlan& plan) {
  Json::Object out;
  out.set("name", plan.name);
  out.set("role", plan.role);
  out.set("shape", Json::Array(plan.shape.begin(), plan.shape.end()));
  out.set("scheme", plan.scheme);
  out.set("method", plan.method);
  if (!plan.activations.empty()) out.set("activations", plan.activations);
  if (!plan.pruning.empty()) out.set("pruning", plan.pruning);
  out.set("bits_per_weight", plan.bits_per_weight);
  out.set("rule", plan.rule);
  if (plan.fallback) out.set("fallback", true);
  if (plan.relative_error) out.set("relative_error", *plan.relative_error);
  if (!plan.hash.empty()) out.set("xxh3", plan.hash);
  return out;
}

Json to_json(const Manifest& manifest) {
  Json::Object out;
  out.set("kerf_manifest", kFormatVersion);
  out.set("version", manifest.version);
  out.set("build", strings_json(manifest.build));
  out.set("chosen", manifest.chosen);
  out.set("request", manifest.request);
  if (!manifest.recipe.empty()) out.set("recipe", manifest.recipe);
  out.set("source", files_json(manifest.source));
  out.set("calibration", files_json(manifest.calibration));
  out.set("name", utf8_text(manifest.name));
  out.set("format", manifest.format);
  Json::Object options;
  for (const auto& [name, value] : manifest.options) options.set(name, value);
  out.set("options", std::move(options));
  out.set("files", files_json(manifest.files));
  out.set("bits_per_weight", manifest.bits_per_weight);
  out.set("weights_xxh3", manifest.weights_hash);
  Json::Array tensors;
  for (const TensorPlan& plan : manifest.tensors) tensors.push_back(to_json(plan));
  out.set("tensors", std::move(tensors));
  return out;
}

Manifest parse_manifest(const JsonCursor& json) {
  constexpr std::array<std::string_view, 15> kKeys = {
      "kerf_manifest", "version", "build",   "chosen", "request",         "recipe",       "source", "calibration",
      "name",          "format",  "options", "files",  "bits_per_weight", "weights_xxh3", "tensors"};
  if (!json.has("kerf_manifest")) json.fail("is no manifest of kerf: it has no kerf_manifest");
  const std::int64_t version = json.at("kerf_manifest").as_int64();
  if (version != kFormatVersion) {
    json.at("kerf_manifest").fail(fmt::format("found version {}, expected {}", version, kFormatVersion));
  }
  check_keys(json, kKeys);
  Manifest manifest;
  manifest.version = json.at("version").as_string();
  manifest.build = read_strings(json.at("build"));
  manifest.chosen = json.at("chosen").as_string();
  json.at("request").as_object();
  manifest.request = json.at("request").json();
  manifest.recipe = json.string_or("recipe", "");
  manifest.source = read_files(json.at("source"));
  manifest.calibration = read_files(json.at("calibration"));
  manifest.name = json.at("name").as_string();
  manifest.format = json.at("format").as_string();
  for (const auto& [name, value] : json.at("options").as_object()) {
    manifest.options[name] = json.at("options").at(name).as_string();
  }
  manifest.files = read_files(json.at("files"));
  for (const FileHash& file : manifest.files) check_relative_path(file.name, json.file(), "files");
  manifest.bits_per_weight = json.at("bits_per_weight").as_double();
  manifest.weights_hash = json.at("weights_xxh3").as_string();
  for_each(json.at("tensors"), [&](const JsonCursor& item) { manifest.tensors.push_back(read_tensor(item)); });
  return manifest;
}

Manifest read_manifest(const std::string& path) {
  const Json json = Json::parse(read_file(path, kMaxBytes), path);
  return parse_manifest(JsonCursor(json, path));
}

}  // namespace kerf::emit
