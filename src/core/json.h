#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace kerf {

/// A JSON value with value semantics (objects are shared until one of the copies is changed). Objects keep the order of
/// their keys. Integers stay integers: a number without fraction and
/// exponent that fits 64 bits is an integer, anything else a double.
///
/// parse() is strict (RFC 8259): valid UTF-8, no duplicate keys after unescaping, no lone surrogates, depth <= 64,
/// nothing after the value. A violation is Error(kInput) naming `file` and the line and column.
class Json {
 public:
  class Object {
   public:
    using Entry = std::pair<std::string, Json>;
    const Json* find(std::string_view key) const;
    Json* find(std::string_view key);
    /// Adds a key or replaces its value.
    void set(std::string key, Json value);
    bool erase(std::string_view key);
    std::size_t size() const { return entries_.size(); }
    auto begin() const { return entries_.begin(); }
    auto end() const { return entries_.end(); }

    Object() = default;
    /// The entries in their order. If two have the same key, nullopt, and `twice` is that key.
    static std::optional<Object> from_entries(std::vector<Entry> entries, std::string& twice);

   private:
    /// A place of the index: the entry's position and what its key hashes to.
    struct Slot {
      std::uint32_t hash = 0;
      std::uint32_t position = kEmpty;
    };
    static constexpr std::uint32_t kEmpty = ~std::uint32_t{0};

    bool is_indexed() const { return !index_.empty(); }
    std::size_t position(std::string_view key) const;
    std::size_t slot_of(std::string_view key, std::uint32_t hash) const;
    /// Indexes all entries. Returns the first whose key an earlier one has, which stays out of the index; or null.
    const Entry* rebuild_index();
    std::vector<Entry> entries_;
    /// Kept once an object has more than a few entries: look-up must not be a linear scan. Open addressing, a power of
    /// two, at most half full.
    std::vector<Slot> index_;
  };
  using Array = std::vector<Json>;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value);
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::make_shared<Object>(std::move(value))) {}
  static Json array() { return Json(Array{}); }
  static Json object() { return Json(Object{}); }

  static Json parse(std::string_view text, std::string_view file);

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_integer() const;
  bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<std::shared_ptr<Object>>(value_); }
  /// "null", "a boolean", "an integer", "a number", "a string", "an array", "an object".
  std::string_view kind() const;

  /// Unchecked-kind access throws Error(kInput) "found a string, expected an integer" (no file: callers that read
  /// files use JsonCursor below, which adds it).
  bool as_bool() const;
  std::int64_t as_int64() const;
  std::uint64_t as_uint64() const;
  double as_double() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  Array& as_array();
  const Object& as_object() const;
  Object& as_object();

  /// nullptr unless this is an object that has the key.
  const Json* find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  /// Sets a key of an object.
  void set(std::string key, Json value) { as_object().set(std::move(key), std::move(value)); }
  void push_back(Json value) { as_array().push_back(std::move(value)); }

  /// `indent` < 0: one line. Doubles are printed with the digits that read back exactly.
  std::string dump(int indent = -1) const;

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, std::shared_ptr<Object>>
      value_ = nullptr;
};

/// A Json value together with where it stands, so that errors name the file and the key path:
/// "config.json: rope_parameters.factor: found a string, expected a number".
class JsonCursor {
 public:
  JsonCursor(const Json& value, std::string file, std::string path = "")
      : value_(&value), file_(std::move(file)), path_(std::move(path)) {}

  const Json& json() const { return *value_; }
  const std::string& file() const { return file_; }
  const std::string& path() const { return path_; }

  /// Present and not null?
  bool has(std::string_view key) const;
  /// Child that must exist / may be absent (absent and null are the same).
  JsonCursor at(std::string_view key) const;
  std::optional<JsonCursor> get(std::string_view key) const;
  JsonCursor at(std::size_t index) const;

  bool as_bool() const;
  std::int64_t as_int64() const;
  std::uint64_t as_uint64() const;
  double as_double() const;
  std::string as_string() const;
  const Json::Array& as_array() const;
  const Json::Object& as_object() const;
  /// An integer within [low, high].
  std::int64_t as_int64_in(std::int64_t low, std::int64_t high) const;

  template <typename T, typename Get>
  T value_or(std::string_view key, T fallback, Get get_value) const {
    const auto child = get(key);
    return child ? get_value(*child) : fallback;
  }
  std::int64_t int64_or(std::string_view key, std::int64_t fallback) const;
  double double_or(std::string_view key, double fallback) const;
  bool bool_or(std::string_view key, bool fallback) const;
  std::string string_or(std::string_view key, std::string fallback) const;

  [[noreturn]] void fail(std::string message) const;

 private:
  [[noreturn]] void wrong_kind(std::string_view expected) const;
  const Json* value_;
  std::string file_, path_;
};

}  // namespace kerf
