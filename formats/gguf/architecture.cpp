#include "formats/gguf/architecture.h"

#include <algorithm>
#include <charconv>

#include "core/strings.h"

namespace kerf::formats::gguf {

#define X(name) const Architecture& name##_architecture();
#include "formats/gguf/architectures.def"
#undef X

namespace {

constexpr std::string_view kLayer = "{}", kPart = "{#}";

/// Takes a number from the front of a name (no sign, no leading zero).
std::optional<std::int64_t> take_number(std::string_view& name) {
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  if (digits == 0 || (digits > 1 && name.front() == '0')) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + digits, number);
  if (error != std::errc{} || end != name.data() + digits) return std::nullopt;
  name.remove_prefix(digits);
  return number;
}

/// Layer and part, if `name` is the pattern with numbers in place of "{}" and "{#}".
std::optional<TensorMatch> match_pattern(std::string_view pattern, std::string_view name) {
  TensorMatch match;
  while (!pattern.empty()) {
    const bool layer = starts_with(pattern, kLayer), part = starts_with(pattern, kPart);
    if (layer || part) {
      const auto number = take_number(name);
      if (!number) return std::nullopt;
      (layer ? match.layer : match.part) = *number;
      pattern.remove_prefix(layer ? kLayer.size() : kPart.size());
      continue;
    }
    if (name.empty() || name.front() != pattern.front()) return std::nullopt;
    name.remove_prefix(1);
    pattern.remove_prefix(1);
  }
  return name.empty() ? std::optional(match) : std::nullopt;
}

template <typename Suits>
std::optional<TensorMatch> match(const Architecture& architecture, std::string TensorRule::*pattern,
                                 std::string_view name, Suits suits) {
  for (const TensorRule& rule : architecture.tensors) {
    auto found = match_pattern(rule.*pattern, name);
    if (!found || !suits(rule, *found)) continue;
    found->rule = &rule;
    return found;
  }
  return std::nullopt;
}

bool any(const TensorRule&, const TensorMatch&) { return true; }

void replace(std::string& name, std::string_view placeholder, std::int64_t number) {
  if (const std::size_t at = name.find(placeholder); at != std::string::npos) {
    name.replace(at, placeholder.size(), std::to_string(number));
  }
}

}  // namespace

const std::vector<const Architecture*>& architectures() {
  static const std::vector<const Architecture*> all{
#define X(name) &name##_architecture(),
#include "formats/gguf/architectures.def"
#undef X
  };
  return all;
}

const Architecture* find_architecture(std::string_view name) {
  for (const Architecture* architecture : architectures()) {
    if (architecture->name == name) return architecture;
  }
  return nullptr;
}

const Architecture* find_architecture(std::string_view name, const MetadataReader& metadata,
                                      const Container& container) {
  for (const Architecture* architecture : architectures()) {
    if (architecture->name != name) continue;
    if (architecture->holds == nullptr || architecture->holds(metadata, container)) return architecture;
  }
  return nullptr;
}

const Architecture* find_architecture_of(std::string_view model_type) {
  for (const Architecture* architecture : architectures()) {
    const auto& types = architecture->model_types;
    if (std::find(types.begin(), types.end(), model_type) != types.end()) return architecture;
  }
  return nullptr;
}

std::optional<TensorMatch> match_hugging_face(const Architecture& architecture, std::string_view name) {
  if (const auto found = match(architecture, &TensorRule::hugging_face, name, any)) return found;
  return match(architecture, &TensorRule::hugging_face, std::string(architecture.optional_prefix) + std::string(name),
               any);
}

std::optional<TensorMatch> match_gguf(const Architecture& architecture, std::string_view name,
                                      const Container& container) {
  return match(architecture, &TensorRule::gguf, name, [&](const TensorRule& rule, const TensorMatch& found) {
    return rule.beside.empty() || has_tensor(container, expand(rule.beside, found.layer));
  });
}

std::string expand(std::string_view pattern, std::int64_t layer, std::int64_t part) {
  std::string name(pattern);
  replace(name, kLayer, layer);
  replace(name, kPart, part);
  return name;
}

bool has_layer(const TensorRule& rule) { return rule.gguf.find(kLayer) != std::string_view::npos; }
bool is_stack(const TensorRule& rule) { return rule.parts != nullptr; }

std::int64_t layers_of(const TensorRule& rule, const description::Hyperparameters& h) {
  return starts_with(rule.gguf, "dec.") ? h.decoder_layers : h.layers - h.decoder_layers;
}

std::vector<std::int64_t> rotary_rows(std::int64_t rows, std::int64_t heads) {
  const std::int64_t head_rows = rows / heads, half = head_rows / 2;
  std::vector<std::int64_t> result;
  result.reserve(static_cast<std::size_t>(rows));
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t j = 0; j < half; ++j) {
      for (std::int64_t t = 0; t < 2; ++t) result.push_back(head * head_rows + t * half + j);
    }
  }
  return result;
}

std::vector<std::int64_t> fused_rows(std::int64_t rows, std::int64_t heads) {
  const std::int64_t head_rows = rows / (3 * heads);
  std::vector<std::int64_t> result;
  result.reserve(static_cast<std::size_t>(rows));
  for (std::int64_t part = 0; part < 3; ++part) {
    for (std::int64_t head = 0; head < heads; ++head) {
      for (std::int64_t j = 0; j < head_rows; ++j) result.push_back((3 * head + part) * head_rows + j);
    }
  }
  return result;
}

std::optional<std::vector<std::int64_t>> ordered_rows(RowOrder order, std::int64_t rows, std::int64_t heads,
                                                      std::int64_t kv_heads) {
  const bool fused = order == RowOrder::kFusedByHead;
  const std::int64_t count = order == RowOrder::kInterleavedKey ? kv_heads : heads;
  if (count <= 0 || rows % count != 0 || rows / count % (fused ? 3 : 2) != 0) return std::nullopt;
  return fused ? fused_rows(rows, count) : rotary_rows(rows, count);
}

std::vector<std::int64_t> inverse_rows(const std::vector<std::int64_t>& rows) {
  std::vector<std::int64_t> result(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    result[static_cast<std::size_t>(rows[i])] = static_cast<std::int64_t>(i);
  return result;
}

}  // namespace kerf::formats::gguf
