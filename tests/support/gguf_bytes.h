#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kerf::test {

/// A GGUF file from named pieces, each of which a test may leave out, repeat or spoil. Knows nothing of the reader.
class GgufBytes {
 public:
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;
  /// Counts to claim; by default what was added.
  std::int64_t claimed_tensors = -1, claimed_keys = -1;

  static constexpr std::uint32_t kU8 = 0, kI8 = 1, kU16 = 2, kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8,
                                 kArray = 9, kU64 = 10, kF64 = 12;

  template <typename T>
  requires std::is_arithmetic_v<T>
  static std::string number(T value) { return std::string(reinterpret_cast<const char*>(&value), sizeof(T)); }
  static std::string text(std::string_view value) {
    return number(static_cast<std::uint64_t>(value.size())) + std::string(value);
  }
  static std::string array(std::uint32_t type, std::uint64_t count, std::string_view items) {
    return number(type) + number(count) + std::string(items);
  }
  static std::string texts(const std::vector<std::string>& values) {
    std::string items;
    for (const std::string& value : values) items += text(value);
    return array(kString, values.size(), items);
  }
  template <typename T>
  static std::string numbers(std::uint32_t type, const std::vector<T>& values) {
    std::string items;
    for (const T value : values) items += number(value);
    return array(type, values.size(), items);
  }

  /// A key and the bytes of its value.
  GgufBytes& key(std::string_view name, std::uint32_t type, std::string_view value) {
    return raw_key(text(name) + number(type) + std::string(value));
  }
  GgufBytes& key(std::string_view name, std::string_view value) { return key(name, kString, text(value)); }
  GgufBytes& key(std::string_view name, const char* value) { return key(name, std::string_view(value)); }
  GgufBytes& key(std::string_view name, std::uint32_t value) { return key(name, kU32, number(value)); }
  GgufBytes& key(std::string_view name, float value) { return key(name, kF32, number(value)); }
  GgufBytes& raw_key(std::string_view bytes) {
    keys_ += bytes;
    ++key_count_;
    return *this;
  }

  /// A tensor whose dimensions are in the file's order (fastest first).
  GgufBytes& tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
                    std::uint64_t offset) {
    std::string info = text(name) + number(static_cast<std::uint32_t>(dims.size()));
    for (const std::uint64_t dim : dims) info += number(dim);
    return raw_tensor(info + number(type) + number(offset));
  }
  /// f32 values, placed after what is there.
  GgufBytes& tensor(std::string_view name, const std::vector<std::uint64_t>& dims, const std::vector<float>& values) {
    data_.resize((data_.size() + alignment - 1) / alignment * alignment, '\0');
    tensor(name, dims, 0, data_.size());
    for (const float value : values) data_ += number(value);
    return *this;
  }
  GgufBytes& raw_tensor(std::string_view bytes) {
    tensors_ += bytes;
    ++tensor_count_;
    return *this;
  }
  GgufBytes& data(std::string_view bytes) {
    data_ += bytes;
    return *this;
  }

  std::string bytes() const {
    std::string all = magic + number(version);
    all += number(claimed_tensors >= 0 ? static_cast<std::uint64_t>(claimed_tensors) : tensor_count_);
    all += number(claimed_keys >= 0 ? static_cast<std::uint64_t>(claimed_keys) : key_count_);
    all += keys_ + tensors_;
    if (data_.empty()) return all;
    all.resize((all.size() + alignment - 1) / alignment * alignment, '\0');
    return all + data_;
  }

 private:
  std::string keys_, tensors_, data_;
  std::uint64_t key_count_ = 0, tensor_count_ = 0;
};

}  // namespace kerf::test
