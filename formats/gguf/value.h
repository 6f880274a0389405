#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace kerf::formats::gguf {

/// Types of metadata values; the numbers are the file's. Value and Array list their alternatives in this order.
enum class ValueType : std::uint32_t {
  kU8 = 0,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};
inline constexpr std::uint32_t kValueTypeCount = 13;

/// "u8", "string", "array", ...
std::string_view value_type_name(ValueType type);

/// Elements of one type; an array of arrays holds arrays of any element types.
struct Array {
  std::variant<std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::uint16_t>,
               std::vector<std::int16_t>, std::vector<std::uint32_t>, std::vector<std::int32_t>, std::vector<float>,
               std::vector<bool>, std::vector<std::string>, std::vector<Array>, std::vector<std::uint64_t>,
               std::vector<std::int64_t>, std::vector<double>>
      items;

  ValueType element_type() const { return static_cast<ValueType>(items.index()); }
  std::size_t size() const;
  bool operator==(const Array&) const = default;
};

using Value = std::variant<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t, std::int32_t, float,
                           bool, std::string, Array, std::uint64_t, std::int64_t, double>;

inline ValueType type_of(const Value& value) { return static_cast<ValueType>(value.index()); }

/// Keys and values of a file, in its order, found by hash.
class Metadata {
 public:
  using Entry = std::pair<std::string, Value>;

  /// False, and nothing changed, if the key is there already.
  bool append(std::string key, Value value);
  /// Adds a key or replaces its value.
  void set(std::string key, Value value);
  /// nullptr if absent.
  const Value* find(std::string_view key) const;

  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace kerf::formats::gguf
