#include "formats/gguf/architecture.h"

#include <charconv>

#include "core/strings.h"

namespace kerf::formats::gguf {

#define X(name) const Architecture& name##_architecture();
#include "formats/gguf/architectures.def"
#undef X

namespace {

constexpr std::string_view kLayer = "{}";

/// The layer if `name` is the pattern with a number (no sign, no leading zero) in place of "{}".
std::optional<std::int64_t> match_pattern(std::string_view pattern, std::string_view name) {
  const std::size_t at = pattern.find(kLayer);
  if (at == std::string_view::npos) return pattern == name ? std::optional<std::int64_t>(-1) : std::nullopt;
  const std::string_view prefix = pattern.substr(0, at), suffix = pattern.substr(at + kLayer.size());
  if (name.size() <= prefix.size() + suffix.size() || !starts_with(name, prefix) || !ends_with(name, suffix)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(at, name.size() - prefix.size() - suffix.size());
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  std::int64_t layer = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), layer);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return layer;
}

std::optional<TensorMatch> match(const Architecture& architecture, std::string_view TensorRule::*pattern,
                                 std::string_view name) {
  for (const TensorRule& rule : architecture.tensors) {
    if (const auto layer = match_pattern(rule.*pattern, name)) return TensorMatch{&rule, *layer};
  }
  return std::nullopt;
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

const Architecture* find_architecture_of(std::string_view model_type) {
  for (const Architecture* architecture : architectures()) {
    if (architecture->model_type == model_type) return architecture;
  }
  return nullptr;
}

std::optional<TensorMatch> match_hugging_face(const Architecture& architecture, std::string_view name) {
  if (const auto found = match(architecture, &TensorRule::hugging_face, name)) return found;
  return match(architecture, &TensorRule::hugging_face, std::string(architecture.optional_prefix) + std::string(name));
}

std::optional<TensorMatch> match_gguf(const Architecture& architecture, std::string_view name) {
  return match(architecture, &TensorRule::gguf, name);
}

std::string expand(std::string_view pattern, std::int64_t layer) {
  std::string name(pattern);
  if (const std::size_t at = name.find(kLayer); at != std::string::npos) {
    name.replace(at, kLayer.size(), std::to_string(layer));
  }
  return name;
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

std::vector<std::int64_t> inverse_rows(const std::vector<std::int64_t>& rows) {
  std::vector<std::int64_t> result(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    result[static_cast<std::size_t>(rows[i])] = static_cast<std::int64_t>(i);
  return result;
}

}  // namespace kerf::formats::gguf
