#include "core/json.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/strings.h"

namespace kerf {
namespace {

/// Objects up to this many keys are searched directly.
constexpr std::size_t kIndexedFrom = 16;
constexpr std::size_t kAhead = 16;

std::uint32_t hash_of(std::string_view key) { return static_cast<std::uint32_t>(hash_bytes(key)); }

[[noreturn]] void wrong_kind(const Json& value, std::string_view expected) {
  throw_input("", "", fmt::format("found {}, expected {}", value.kind(), expected));
}

}  // namespace

std::size_t Json::Object::position(std::string_view key) const {
  if (is_indexed()) {
    const std::uint32_t position = index_[slot_of(key, hash_of(key))].position;
    return position == kEmpty ? entries_.size() : position;
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].first == key) return i;
  }
  return entries_.size();
}

/// The slot that holds the key, or the empty one where it would go.
std::size_t Json::Object::slot_of(std::string_view key, std::uint32_t hash) const {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = hash & mask;
  while (index_[at].position != kEmpty && (index_[at].hash != hash || entries_[index_[at].position].first != key)) {
    at = (at + 1) & mask;
  }
  return at;
}

const Json::Object::Entry* Json::Object::rebuild_index() {
  const Entry* repeated = nullptr;
  std::vector<std::uint32_t> hashes(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) hashes[i] = hash_of(entries_[i].first);
  index_.assign(std::bit_ceil(entries_.size() * 2), Slot{});
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    // A large index is not in the processor's cache: what will be needed is asked for in time.
    if (i + kAhead < entries_.size()) __builtin_prefetch(&index_[hashes[i + kAhead] & (index_.size() - 1)], 1);
    Slot& slot = index_[slot_of(entries_[i].first, hashes[i])];
    if (slot.position == kEmpty) {
      slot = {hashes[i], static_cast<std::uint32_t>(i)};
    } else if (repeated == nullptr) {
      repeated = &entries_[i];
    }
  }
  return repeated;
}

std::optional<Json::Object> Json::Object::from_entries(std::vector<Entry> entries, std::string& twice) {
  Object object;
  object.entries_ = std::move(entries);
  const Entry* repeated = nullptr;
  if (object.size() >= kIndexedFrom) {
    repeated = object.rebuild_index();
  } else {
    for (std::size_t i = 1; i < object.size() && repeated == nullptr; ++i) {
      if (object.position(object.entries_[i].first) < i) repeated = &object.entries_[i];
    }
  }
  if (repeated == nullptr) return object;
  twice = repeated->first;
  return std::nullopt;
}

const Json* Json::Object::find(std::string_view key) const {
  const std::size_t at = position(key);
  return at < entries_.size() ? &entries_[at].second : nullptr;
}

Json* Json::Object::find(std::string_view key) {
  const std::size_t at = position(key);
  return at < entries_.size() ? &entries_[at].second : nullptr;
}

void Json::Object::set(std::string key, Json value) {
  if (Json* existing = find(key)) {
    *existing = std::move(value);
    return;
  }
  entries_.emplace_back(std::move(key), std::move(value));
  if (entries_.size() * 2 > index_.size() && entries_.size() >= kIndexedFrom) {
    rebuild_index();
  } else if (is_indexed()) {
    const std::string& added = entries_.back().first;
    const std::uint32_t hash = hash_of(added);
    index_[slot_of(added, hash)] = {hash, static_cast<std::uint32_t>(entries_.size() - 1)};
  }
}

bool Json::Object::erase(std::string_view key) {
  const std::size_t at = position(key);
  if (at == entries_.size()) return false;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
  if (is_indexed()) rebuild_index();
  return true;
}

Json::Json(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = value;
  }
}

bool Json::is_integer() const {
  return std::holds_alternative<std::int64_t>(value_) || std::holds_alternative<std::uint64_t>(value_);
}

std::string_view Json::kind() const {
  if (is_null()) return "null";
  if (is_bool()) return "a boolean";
  if (is_integer()) return "an integer";
  if (is_number()) return "a number";
  if (is_string()) return "a string";
  return is_array() ? "an array" : "an object";
}

bool Json::as_bool() const {
  if (!is_bool()) wrong_kind(*this, "a boolean");
  return std::get<bool>(value_);
}

std::int64_t Json::as_int64() const {
  if (std::holds_alternative<std::int64_t>(value_)) return std::get<std::int64_t>(value_);
  wrong_kind(*this, "an integer that fits 64 bits");
}

std::uint64_t Json::as_uint64() const {
  if (std::holds_alternative<std::uint64_t>(value_)) return std::get<std::uint64_t>(value_);
  if (std::holds_alternative<std::int64_t>(value_) && std::get<std::int64_t>(value_) >= 0) {
    return static_cast<std::uint64_t>(std::get<std::int64_t>(value_));
  }
  wrong_kind(*this, "an integer that is not negative");
}

double Json::as_double() const {
  if (std::holds_alternative<double>(value_)) return std::get<double>(value_);
  if (std::holds_alternative<std::int64_t>(value_)) return static_cast<double>(std::get<std::int64_t>(value_));
  if (std::holds_alternative<std::uint64_t>(value_)) return static_cast<double>(std::get<std::uint64_t>(value_));
  wrong_kind(*this, "a number");
}

const std::string& Json::as_string() const {
  if (!is_string()) wrong_kind(*this, "a string");
  return std::get<std::string>(value_);
}

const Json::Array& Json::as_array() const {
  if (!is_array()) wrong_kind(*this, "an array");
  return std::get<Array>(value_);
}

Json::Array& Json::as_array() {
  if (!is_array()) wrong_kind(*this, "an array");
  return std::get<Array>(value_);
}

const Json::Object& Json::as_object() const {
  if (!is_object()) wrong_kind(*this, "an object");
  return *std::get<std::shared_ptr<Object>>(value_);
}

Json::Object& Json::as_object() {
  if (!is_object()) wrong_kind(*this, "an object");
  auto& object = std::get<std::shared_ptr<Object>>(value_);
  if (object.use_count() > 1) object = std::make_shared<Object>(*object);
  return *object;
}

const Json* Json::find(std::string_view key) const { return is_object() ? as_object().find(key) : nullptr; }

bool JsonCursor::has(std::string_view key) const {
  const Json* child = value_->find(key);
  return child != nullptr && !child->is_null();
}

JsonCursor JsonCursor::at(std::string_view key) const {
  if (!value_->is_object()) wrong_kind("an object");
  if (auto child = get(key)) return *child;
  throw_input(file_, path_, fmt::format("key {} is missing", quoted(key)));
}

std::optional<JsonCursor> JsonCursor::get(std::string_view key) const {
  const Json* child = value_->find(key);
  if (child == nullptr || child->is_null()) return std::nullopt;
  const std::string shown = quoted(key).substr(1);
  const std::string name = shown.substr(0, shown.size() - 1);
  return JsonCursor(*child, file_, path_.empty() ? name : path_ + "." + name);
}

JsonCursor JsonCursor::at(std::size_t index) const {
  return JsonCursor(as_array().at(index), file_, fmt::format("{}[{}]", path_, index));
}

bool JsonCursor::as_bool() const {
  if (!value_->is_bool()) wrong_kind("a boolean");
  return value_->as_bool();
}

std::int64_t JsonCursor::as_int64() const {
  if (!value_->is_integer()) wrong_kind("an integer");
  if (value_->as_double() > 0 && value_->as_uint64() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    fail("found a number that does not fit 64 signed bits");
  }
  return value_->as_int64();
}

std::uint64_t JsonCursor::as_uint64() const {
  if (!value_->is_integer() || value_->as_double() < 0) wrong_kind("an integer that is not negative");
  return value_->as_uint64();
}

double JsonCursor::as_double() const {
  if (!value_->is_number()) wrong_kind("a number");
  return value_->as_double();
}

std::string JsonCursor::as_string() const {
  if (!value_->is_string()) wrong_kind("a string");
  return value_->as_string();
}

const Json::Array& JsonCursor::as_array() const {
  if (!value_->is_array()) wrong_kind("an array");
  return value_->as_array();
}

const Json::Object& JsonCursor::as_object() const {
  if (!value_->is_object()) wrong_kind("an object");
  return value_->as_object();
}

std::int64_t JsonCursor::as_int64_in(std::int64_t low, std::int64_t high) const {
  const std::int64_t value = as_int64();
  if (value < low || value > high) fail(fmt::format("found {}, expected a value from {} to {}", value, low, high));
  return value;
}

std::int64_t JsonCursor::int64_or(std::string_view key, std::int64_t fallback) const {
  const auto child = get(key);
  return child ? child->as_int64() : fallback;
}

double JsonCursor::double_or(std::string_view key, double fallback) const {
  const auto child = get(key);
  return child ? child->as_double() : fallback;
}

bool JsonCursor::bool_or(std::string_view key, bool fallback) const {
  const auto child = get(key);
  return child ? child->as_bool() : fallback;
}

std::string JsonCursor::string_or(std::string_view key, std::string fallback) const {
  const auto child = get(key);
  return child ? child->as_string() : fallback;
}

void JsonCursor::fail(std::string message) const { throw_input(file_, path_, std::move(message)); }

void JsonCursor::wrong_kind(std::string_view expected) const {
  fail(fmt::format("found {}, expected {}", value_->kind(), expected));
}

}  // namespace kerf
