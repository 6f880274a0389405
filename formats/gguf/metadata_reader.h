#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/gguf/value.h"

namespace kerf::formats::gguf {

/// Metadata of a file with the kinds checked: a value of another kind is Error(kInput) naming file and key. Integers
/// are accepted in any integer type, since writers differ in which they choose.
class MetadataReader {
 public:
  MetadataReader(const Metadata& metadata, std::string file) : metadata_(metadata), file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  const Metadata& metadata() const { return metadata_; }
  bool has(std::string_view key) const { return metadata_.find(key) != nullptr; }

  /// nullopt if absent. An array of integers (a value for each layer) counts as an integer if all are equal.
  std::optional<std::int64_t> integer(std::string_view key) const;
  /// As integer(), within [low, high].
  std::optional<std::int64_t> integer_in(std::string_view key, std::int64_t low, std::int64_t high) const;
  /// An f32 becomes the shortest decimal that reads back to it: 1e-05, not 9.99999974737875e-06. Always finite.
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  /// nullptr if absent.
  const std::vector<std::string>* texts(std::string_view key) const;
  const std::vector<std::int32_t>* i32s(std::string_view key) const;

  [[noreturn]] void fail(std::string_view key, std::string message) const;

 private:
  [[noreturn]] void wrong_type(std::string_view key, const Value& value, std::string_view expected) const;
  template <typename T>
  const std::vector<T>* array_of(std::string_view key, std::string_view expected) const;

  const Metadata& metadata_;
  std::string file_;
};

}  // namespace kerf::formats::gguf
