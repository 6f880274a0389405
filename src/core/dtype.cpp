#include "core/dtype.h"

#include <array>
#include <string>

#include "core/strings.h"

namespace kerf {
namespace {

struct Entry {
  DType dtype;
  std::string_view name;
  std::size_t bytes;
  bool floating;
};

constexpr std::array kEntries = {
    Entry{DType::kF64, "f64", 8, true},        Entry{DType::kF32, "f32", 4, true},
    Entry{DType::kF16, "f16", 2, true},        Entry{DType::kBF16, "bf16", 2, true},
    Entry{DType::kF8E4M3, "f8_e4m3", 1, true}, Entry{DType::kF8E5M2, "f8_e5m2", 1, true},
    Entry{DType::kE8M0, "e8m0", 1, false},     Entry{DType::kI64, "i64", 8, false},
    Entry{DType::kI32, "i32", 4, false},       Entry{DType::kI16, "i16", 2, false},
    Entry{DType::kI8, "i8", 1, false},         Entry{DType::kU64, "u64", 8, false},
    Entry{DType::kU32, "u32", 4, false},       Entry{DType::kU16, "u16", 2, false},
    Entry{DType::kU8, "u8", 1, false},         Entry{DType::kBool, "bool", 1, false},
};

const Entry& entry(DType dtype) { return kEntries[static_cast<std::size_t>(dtype)]; }

}  // namespace

std::size_t dtype_bytes(DType dtype) { return entry(dtype).bytes; }
std::string_view dtype_name(DType dtype) { return entry(dtype).name; }
bool is_floating(DType dtype) { return entry(dtype).floating; }

std::optional<DType> parse_dtype(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  for (const Entry& candidate : kEntries) {
    if (candidate.name == lower) return candidate.dtype;
  }
  return std::nullopt;
}

}  // namespace kerf
