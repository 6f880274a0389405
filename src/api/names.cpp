// Registries as lists of names, and what the build is made of.
#include <fmt/format.h>

#include "kerf/kerf.h"

#include "codec/activation.h"
#include "codec/scheme.h"
#include "core/strings.h"
#include "emit/target.h"
#include "graph/role.h"
#include "models/model_graph.h"
#include "ops/linalg.h"
#include "quant/method.h"
#include "quant/presets.h"
#include "quant/pruner.h"
#include "quant/range_rule.h"
#include "quant/transform.h"
#include "text/protocol.h"

#ifndef KERF_VERSION
#error "KERF_VERSION is set by the build"
#endif

namespace kerf {
namespace {

template <typename Info>
Named named(const Info& info) {
  return {std::string(info.name), std::string(info.summary), std::string(info.source)};
}

}  // namespace

std::string version() { return KERF_VERSION; }

std::vector<std::string> build_info() {
  return {
    ops::linalg::library_name(), fmt::format("{} {}.{}",
#if defined(__clang__)
                                             "clang", __clang_major__, __clang_minor__
#else
                                             "g++", __GNUC__, __GNUC_MINOR__
#endif
                                 )
  };
}

std::vector<Named> schemes() {
  std::vector<Named> list;
  for (const codec::SchemeFamily* family : codec::scheme_families()) {
    list.push_back({std::string(family->grammar), std::string(family->summary), join(family->examples, " ")});
  }
  return list;
}

std::vector<Named> methods() {
  std::vector<Named> list;
  for (const auto* info : quant::methods()) list.push_back(named(*info));
  return list;
}

std::vector<Named> activations() {
  std::vector<Named> list;
  for (const auto* family : codec::activation_families()) {
    list.push_back({std::string(family->grammar), std::string(family->summary), std::string(family->source)});
  }
  return list;
}

std::vector<Named> activation_ranges() {
  std::vector<Named> list;
  for (const auto* rule : quant::range_rules()) list.push_back(named(*rule));
  return list;
}

std::vector<Named> transforms() {
  std::vector<Named> list;
  for (const auto* info : quant::transforms()) list.push_back(named(*info));
  return list;
}

std::vector<Named> pruners() {
  std::vector<Named> list;
  for (const auto* info : quant::pruners()) list.push_back(named(*info));
  return list;
}

std::vector<Polished> polished() {
  std::vector<Polished> list;
  const auto add = [&](const auto& info) {
    if (info.sweeps > 0) list.push_back({std::string(info.name), info.sweeps});
  };
  for (const auto* info : quant::methods()) add(*info);
  for (const auto* info : quant::pruners()) add(*info);
  return list;
}

std::vector<Named> output_formats() {
  std::vector<Named> list;
  for (const auto* info : emit::targets()) list.push_back(named(*info));
  return list;
}

std::vector<FormatOption> output_format_options() {
  std::map<std::string_view, FormatOption> by_name;
  for (const auto* info : emit::targets()) {
    for (const emit::TargetOption& option : info->options) {
      FormatOption& entry = by_name[option.name];
      entry.name = option.name;
      entry.value = option.value;
      entry.summary = option.summary;
      entry.initial = option.initial;
      entry.formats.emplace_back(info->name);
    }
  }
  std::vector<FormatOption> list;
  for (auto& [name, option] : by_name) list.push_back(std::move(option));
  return list;
}

std::vector<Named> protocols() {
  std::vector<Named> list;
  for (const auto* info : text::protocols()) {
    Named entry = named(*info);
    entry.summary = fmt::format("{}: {}", task_name(info->task), entry.summary);
    list.push_back(std::move(entry));
  }
  return list;
}

std::vector<Named> families() {
  std::vector<Named> list;
  for (const auto* info : models::families()) list.push_back({std::string(info->name), std::string(info->summary), ""});
  return list;
}

std::vector<Named> recipes() {
  std::vector<Named> list;
  for (const quant::Preset& preset : quant::presets()) {
    const std::string name(preset.name);
    list.push_back({name, quant::load_recipe(name, DType::kF16).about, ""});
  }
  return list;
}

std::string recipe_text(const std::string& name) {
  const quant::Preset* preset = quant::find_preset(name);
  if (preset == nullptr) throw_usage(unknown_name("recipe", name, quant::preset_names()));
  return std::string(preset->text);
}

std::vector<Named> roles() {
  std::vector<Named> list;
  for (const std::string& name : graph::role_names()) list.push_back({name, "", ""});
  return list;
}

}  // namespace kerf
