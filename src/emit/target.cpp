#include "emit/target.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "emit/ending.h"
#include "emit/foreign_formats.h"

namespace kerf::emit {

#define X(id) extern const TargetInfo id##_target;
#include "emit/targets.def"
#undef X

const std::vector<const TargetInfo*>& targets() {
  static const std::vector<const TargetInfo*> all = {
#define X(id) &id##_target,
#include "emit/targets.def"
#undef X
  };
  return all;
}

namespace {

[[noreturn]] void refuse(const std::string& place, const ForeignFormat& format) {
  throw_usage(fmt::format("{}cannot write {}: {}", place, format.title, format.way));
}

/// An ending that is nearly a format's: whoever means a folder can say so.
void refuse_misspelt(const std::string& path) {
  std::vector<std::string> known;
  for (const TargetInfo* info : targets()) {
    if (!info->ending.empty()) known.emplace_back(info->ending);
  }
  const std::string ending = ending_of(path);
  const auto nearest = ending.empty() ? std::nullopt : nearest_name(ending, known);
  if (!nearest) return;
  throw_usage(fmt::format("{}: no format has the ending {}; did you mean {}? A folder of this name needs --format",
                          path, kerf::quoted(ending), *nearest));
}

}  // namespace

const TargetInfo& find_target(std::string_view name) {
  std::vector<std::string> known;
  for (const TargetInfo* info : targets()) {
    if (info->name == to_lower_ascii(name)) return *info;
    known.emplace_back(info->name);
  }
  if (const ForeignFormat* foreign = foreign_format_named(name)) refuse("", *foreign);
  throw_usage(unknown_name("format", name, known));
}

const TargetInfo& target_for(const std::string& path, const std::string& format) {
  if (!format.empty()) return find_target(format);
  for (const TargetInfo* info : targets()) {
    if (!info->ending.empty() && ends_with(to_lower_ascii(path), info->ending)) return *info;
  }
  // Any other ending is a folder's name, such as model-v0.5.
  if (const ForeignFormat* foreign = foreign_format_of(path)) refuse(path + ": ", *foreign);
  refuse_misspelt(path);
  for (const TargetInfo* info : targets()) {
    if (info->folder) return *info;
  }
  throw_usage(path + ": no format is known for this path; give --format");
}

void check_options(const TargetInfo& target, const TargetOptions& options) {
  for (const auto& [name, value] : options) {
    const auto found = std::find_if(target.options.begin(), target.options.end(),
                                    [&](const TargetOption& option) { return option.name == name; });
    if (found == target.options.end()) throw_usage(fmt::format("--{} says nothing about {}", name, target.name));
    const std::vector<std::string> known(found->values.begin(), found->values.end());
    if (!known.empty() && std::find(known.begin(), known.end(), to_lower_ascii(value)) == known.end()) {
      throw_usage(unknown_name(fmt::format("--{}", name), value, known));
    }
  }
}

std::string option_or(const TargetOptions& options, std::string_view name, std::string_view fallback) {
  const auto found = options.find(name);
  return found == options.end() ? std::string(fallback) : found->second;
}

std::vector<WrittenFile> files_in(const std::string& folder) {
  std::vector<WrittenFile> files;
  for (const std::string& name : list_directory(folder)) files.push_back({name, join_path(folder, name)});
  return files;
}

Json plain_config(const description::Model& model) {
  Json config = model.config;
  for (const char* key : {"quantization_config", "quantization", "compression_config"}) config.as_object().erase(key);
  return config;
}

}  // namespace kerf::emit
