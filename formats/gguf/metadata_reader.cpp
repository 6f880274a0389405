#include "formats/gguf/metadata_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::gguf {
namespace {

template <typename T>
constexpr bool kIsInteger = std::is_integral_v<T> && !std::is_same_v<T, bool>;

template <typename T>
std::optional<std::int64_t> to_int64(T value) {
  if constexpr (kIsInteger<T>) {
    if (std::in_range<std::int64_t>(value)) return static_cast<std::int64_t>(value);
  }
  return std::nullopt;
}

std::optional<std::int64_t> common_integer(const Array& array) {
  return std::visit(
      [](const auto& items) -> std::optional<std::int64_t> {
        using T = typename std::decay_t<decltype(items)>::value_type;
        if constexpr (kIsInteger<T>) {
          if (!items.empty() && std::adjacent_find(items.begin(), items.end(), std::not_equal_to<>{}) == items.end()) {
            return to_int64(items.front());
          }
        }
        return std::nullopt;
      },
      array.items);
}

double shortest(float value) {
  const std::string digits = fmt::format("{}", value);
  double result = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), result);
  return result;
}

}  // namespace

void MetadataReader::fail(std::string_view key, std::string message) const {
  throw_input(file_, fmt::format("key {}", quoted(key)), std::move(message));
}

void MetadataReader::wrong_type(std::string_view key, const Value& value, std::string_view expected) const {
  std::string found(value_type_name(type_of(value)));
  if (const auto* array = std::get_if<Array>(&value)) {
    found = fmt::format("array of {}", value_type_name(array->element_type()));
  }
  fail(key, fmt::format("found a value of type {}, expected {}", found, expected));
}

std::optional<std::int64_t> MetadataReader::integer(std::string_view key) const {
  const Value* value = metadata_.find(key);
  if (value == nullptr) return std::nullopt;
  const auto result = std::visit(
      [](const auto& item) -> std::optional<std::int64_t> {
        using T = std::decay_t<decltype(item)>;
        if constexpr (std::is_same_v<T, Array>) {
          return common_integer(item);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return std::nullopt;
        } else {
          return to_int64(item);
        }
      },
      *value);
  if (!result) wrong_type(key, *value, "an integer of at most 63 bits, or an array of equal ones");
  return result;
}

std::optional<std::int64_t> MetadataReader::integer_in(std::string_view key, std::int64_t low,
                                                       std::int64_t high) const {
  const auto value = integer(key);
  if (value && (*value < low || *value > high))
    fail(key, fmt::format("found {}, expected {} to {}", *value, low, high));
  return value;
}

std::optional<double> MetadataReader::number(std::string_view key) const {
  const Value* value = metadata_.find(key);
  if (value == nullptr) return std::nullopt;
  double result = 0;
  if (const auto* f32 = std::get_if<float>(value)) {
    result = std::isfinite(*f32) ? shortest(*f32) : static_cast<double>(*f32);
  } else if (const auto* f64 = std::get_if<double>(value)) {
    result = *f64;
  } else {
    wrong_type(key, *value, "f32 or f64");
  }
  if (!std::isfinite(result)) fail(key, fmt::format("found {}, expected a finite number", result));
  return result;
}

std::optional<bool> MetadataReader::flag(std::string_view key) const {
  const Value* value = metadata_.find(key);
  if (value == nullptr) return std::nullopt;
  const auto* result = std::get_if<bool>(value);
  if (result == nullptr) wrong_type(key, *value, "bool");
  return *result;
}

std::optional<std::string> MetadataReader::text(std::string_view key) const {
  const Value* value = metadata_.find(key);
  if (value == nullptr) return std::nullopt;
  const auto* result = std::get_if<std::string>(value);
  if (result == nullptr) wrong_type(key, *value, "string");
  if (find_invalid_utf8(*result)) fail(key, fmt::format("found {}, expected valid UTF-8", quoted(*result)));
  return *result;
}

template <typename T>
const std::vector<T>* MetadataReader::array_of(std::string_view key, std::string_view expected) const {
  const Value* value = metadata_.find(key);
  if (value == nullptr) return nullptr;
  const auto* array = std::get_if<Array>(value);
  const auto* items = array == nullptr ? nullptr : std::get_if<std::vector<T>>(&array->items);
  if (items == nullptr) wrong_type(key, *value, expected);
  return items;
}

const std::vector<std::string>* MetadataReader::texts(std::string_view key) const {
  return array_of<std::string>(key, "array of string");
}

const std::vector<std::int32_t>* MetadataReader::i32s(std::string_view key) const {
  return array_of<std::int32_t>(key, "array of i32");
}

}  // namespace kerf::formats::gguf
