#include "emit/exactness.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "formats/checkpoint.h"

namespace kerf::emit {
namespace {

using codec::Granularity;
using codec::Offset;
using codec::Scheme;

/// Plans that are tried to find a scheme that would do: near ones, or none is worth naming.
constexpr std::size_t kTries = 32;

/// Why the target cannot hold the model; nullopt if it can.
std::optional<std::string> refusal(const TargetInfo& target, const TargetOptions& options, const EmitModel& planned) {
  // What brings its graph is written as what it is.
  const bool brings_graph = planned.source != nullptr && planned.source->imported != nullptr;
  if (brings_graph && target.name != "onnx") return "an ONNX model is written as ONNX only";
  try {
    target.plan(planned, options);
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    return error.what();
  }
}

EmitModel replaced(const EmitModel& planned, const std::string& from, const Scheme& to, DType scales) {
  EmitModel model = planned;
  for (EmitTensor& tensor : model.tensors) {
    if (tensor.scheme.name == from) tensor.scheme = codec::with_scale_dtype(to, scales);
  }
  return model;
}

/// What to write in the place of a scheme so that the target holds it: other scales, or else another scheme; empty if
/// none near does.
std::string find_nearest(const TargetInfo& target, const TargetOptions& options, const EmitModel& planned) {
  std::map<std::string, Scheme> present;
  for (const EmitTensor& tensor : planned.tensors) {
    if (tensor.scheme.quantized()) present.emplace(tensor.scheme.name, tensor.scheme);
  }
  for (const auto& [name, scheme] : present) {
    const auto helps = [&](const Scheme& other, DType scales) {
      return !refusal(target, options, replaced(planned, name, other, scales));
    };
    for (const DType scales : {DType::kF16, DType::kBF16, DType::kF32}) {
      if (scheme.fixed_scale_dtype || scales == scheme.scale_dtype) continue;
      if (helps(scheme, scales)) return fmt::format("{} with scales of {}", name, dtype_name(scales));
    }
    const DType scales = scheme.fixed_scale_dtype ? DType::kF16 : scheme.scale_dtype;
    std::size_t tries = 0;
    for (const Scheme& other : nearest_schemes(scheme)) {
      if (codec::scale_dtype_refusal(other, scales)) continue;
      if (++tries > kTries) break;
      if (helps(other, scales)) return other.name;
    }
  }
  return "";
}

double width_of(const Scheme& scheme) {
  // A channel counts as a wide group: what runtimes take it for.
  constexpr double kChannel = 4096, kTensor = 1 << 20;
  switch (scheme.granularity) {
    case Granularity::kGroup:
      return static_cast<double>(scheme.group_size);
    case Granularity::kBlock:
      return static_cast<double>(scheme.group_size * scheme.block_rows);
    case Granularity::kChannel:
      return kChannel;
    case Granularity::kTensor:
      break;
  }
  return kTensor;
}

double distance(const Scheme& a, const Scheme& b) {
  double sum = 0;
  if (a.kind != b.kind || a.levels != b.levels) sum += 6;
  if (a.has_super_blocks() != b.has_super_blocks()) sum += 4;
  sum += 8 * std::abs(a.bits - b.bits);
  // Zero points and minima are two ways to be asymmetric.
  const bool both = a.offset != Offset::kSymmetric && b.offset != Offset::kSymmetric;
  if (a.offset != b.offset) sum += both ? 1 : 1.5;
  return sum + std::abs(std::log2(width_of(a) / width_of(b)));
}

std::vector<Scheme> known_schemes() {
  std::set<std::string> names;
  for (const std::string& name : codec::scheme_names()) names.insert(name);
  for (int bits = 2; bits <= 8; ++bits) {
    for (const char* granularity : {"", "-g16", "-g32", "-g64", "-g128", "-g256", "-tensor"}) {
      for (const char* offset : {"", "-asym", "-min"})
        names.insert(fmt::format("int{}{}{}", bits, granularity, offset));
    }
  }
  std::vector<Scheme> schemes;
  std::set<std::string> canonical;
  for (const std::string& name : names) {
    Scheme scheme = codec::parse_scheme(name);
    if (scheme.quantized() && canonical.insert(scheme.name).second) schemes.push_back(std::move(scheme));
  }
  return schemes;
}

}  // namespace

std::vector<Scheme> nearest_schemes(const Scheme& scheme) {
  std::vector<Scheme> schemes = known_schemes();
  schemes.erase(
      std::remove_if(schemes.begin(), schemes.end(), [&](const Scheme& other) { return other.name == scheme.name; }),
      schemes.end());
  std::stable_sort(schemes.begin(), schemes.end(),
                   [&](const Scheme& a, const Scheme& b) { return distance(scheme, a) < distance(scheme, b); });
  return schemes;
}

TargetExactness exactness(const TargetInfo& target, const TargetOptions& options, const EmitModel& planned) {
  TargetExactness result;
  result.format = target.name;
  if (auto why = refusal(target, options, planned)) {
    result.reason = *std::move(why);
    result.nearest = find_nearest(target, options, planned);
  } else {
    result.exact = true;
  }
  return result;
}

std::vector<TargetExactness> exactness_of_all(const EmitModel& planned) {
  std::vector<TargetExactness> all;
  const bool is_onnx = planned.source != nullptr && planned.source->imported != nullptr;
  for (const TargetInfo* target : targets()) {
    if (is_onnx && target->name != "onnx") {
      all.push_back(
          {.format = std::string(target->name), .exact = false, .reason = "an ONNX model is written as ONNX"});
    } else {
      all.push_back(exactness(*target, {}, planned));
    }
  }
  return all;
}

std::vector<TargetOptions> known_options(const TargetInfo& target) {
  std::vector<TargetOptions> all = {{}};
  for (const TargetOption& option : target.options) {
    for (const std::string_view value : option.values) {
      if (value != option.initial) all.push_back({{std::string(option.name), std::string(value)}});
    }
  }
  return all;
}

std::vector<std::string> formats_that_hold(const EmitModel& planned) {
  std::vector<std::string> formats;
  for (const TargetInfo* target : targets()) {
    for (const TargetOptions& options : known_options(*target)) {
      if (refusal(*target, options, planned)) continue;
      std::string format(target->name);
      for (const auto& [name, value] : options) format += fmt::format(" --{} {}", name, value);
      formats.push_back(std::move(format));
      break;
    }
  }
  return formats;
}

}  // namespace kerf::emit
