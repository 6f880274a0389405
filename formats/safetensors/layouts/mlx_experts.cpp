#include "formats/safetensors/layouts/mlx_experts.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::formats::safetensors::mlx {
namespace {

constexpr std::string_view kStack = ".switch_mlp.";
constexpr std::string_view kExperts = ".experts.";
constexpr std::string_view kMixtral = ".block_sparse_moe";
/// No mixture has more experts a layer.
constexpr std::int64_t kMostExperts = 65536;
/// mlx-lm's names of a Mixtral's matrices, and its own.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kMixtralNames = {
    {{"gate_proj", "w1"}, {"down_proj", "w2"}, {"up_proj", "w3"}}};

/// "gate_proj.scales" -> "w1.scales"
std::string mixtral_part(std::string_view part) {
  for (const auto& [stacked, own] : kMixtralNames) {
    if (starts_with(part, stacked)) return std::string(own) + std::string(part.substr(stacked.size()));
  }
  return std::string(part);
}

StoredTensor expert_of(const StoredTensor& stack, std::int64_t expert) {
  StoredTensor part = stack;
  const std::int64_t experts = stack.entry.shape[0];
  part.entry.shape.erase(part.entry.shape.begin());
  part.entry.bytes = stack.entry.bytes / static_cast<std::uint64_t>(experts);
  part.entry.offset += part.entry.bytes * static_cast<std::uint64_t>(expert);
  return part;
}

void unstack(const std::string& name, std::size_t at, const StoredTensor& stack, StoredTensors& into) {
  const Shape& shape = stack.entry.shape;
  if (shape.size() < 2 || shape[0] < 1 || shape[0] > kMostExperts || !stack.strides.empty()) {
    stack.fail(fmt::format("has shape {}, expected a stack of experts", to_string(shape)));
  }
  const std::string block = name.substr(0, at), part = name.substr(at + kStack.size());
  for (std::int64_t expert = 0; expert < shape[0]; ++expert) {
    StoredTensor own = expert_of(stack, expert);
    own.name =
        fmt::format("{}{}{}.{}", block, kExperts, expert, ends_with(block, kMixtral) ? mixtral_part(part) : part);
    if (into.contains(own.name)) stack.fail(fmt::format("stands beside {}, expected one of them", quoted(own.name)));
    std::string key = own.name;
    into.emplace(std::move(key), std::move(own));
  }
}

}  // namespace

StoredTensors unstack_experts(const StoredTensors& tensors) {
  StoredTensors result;
  for (const auto& [name, tensor] : tensors) {
    if (name.find(kStack) == std::string::npos) result.emplace(name, tensor);
  }
  for (const auto& [name, tensor] : tensors) {
    const std::size_t at = name.find(kStack);
    if (at != std::string::npos) unstack(name, at, tensor, result);
  }
  return result;
}

std::string stacked_name(std::string_view module) {
  const std::size_t at = module.find(kExperts);
  if (at == std::string_view::npos) return std::string(module);
  const std::string_view block = module.substr(0, at);
  const std::size_t dot = module.find('.', at + kExperts.size());
  if (dot == std::string_view::npos) return std::string(module);
  std::string part(module.substr(dot + 1));
  if (ends_with(block, kMixtral)) {
    for (const auto& [stacked, own] : kMixtralNames) {
      if (part == own) part = stacked;
    }
  }
  return std::string(block) + std::string(kStack) + part;
}

}  // namespace kerf::formats::safetensors::mlx
