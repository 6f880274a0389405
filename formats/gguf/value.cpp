#include "formats/gguf/value.h"

#include <array>

namespace kerf::formats::gguf {

std::string_view value_type_name(ValueType type) {
  static constexpr std::array<std::string_view, kValueTypeCount> kNames = {
      "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};
  return kNames[static_cast<std::size_t>(type)];
}

std::size_t Array::size() const {
  return std::visit([](const auto& values) { return values.size(); }, items);
}

bool Metadata::append(std::string key, Value value) {
  if (!index_.emplace(key, entries_.size()).second) return false;
  entries_.emplace_back(std::move(key), std::move(value));
  return true;
}

void Metadata::set(std::string key, Value value) {
  const auto found = index_.find(key);
  if (found != index_.end()) {
    entries_[found->second].second = std::move(value);
  } else {
    append(std::move(key), std::move(value));
  }
}

const Value* Metadata::find(std::string_view key) const {
  const auto found = index_.find(std::string(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

}  // namespace kerf::formats::gguf
