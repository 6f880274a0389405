#include "formats/safetensors/header_parser.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::safetensors {
namespace {

// Written kerf::quoted() below: the JSON library brings std::quoted() in.
constexpr std::string_view kMetadataKey = "__metadata__";

/// A tensor's three fields while its object is open.
struct PartialEntry {
  std::string name;
  std::optional<DType> dtype;
  std::optional<Shape> shape;
  std::optional<std::vector<std::uint64_t>> range;
};

/// Receives the events of the JSON parser. Depth 1 has names, depth 2 an entry's fields or metadata, depth 3 the two
/// lists of an entry; anything else is refused at the event that shows it.
class HeaderHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderHandler(const std::string& file) : file_(file) {}

  Header take() { return std::move(header_); }

  /// MLX writes null where it has no metadata, and the format's own library takes it for none.
  bool null() override {
    if (where_ == Where::kTop && key_ == kMetadataKey) return true;
    unexpected("null");
  }

  bool boolean(bool) override { unexpected("a boolean"); }
  bool number_integer(number_integer_t) override { unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { unexpected("a number that is no 64-bit integer"); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (where_ == Where::kShape) {
      push_dimension(value);
    } else if (where_ == Where::kRange) {
      if (entry_.range->size() == 2) fail("data_offsets has more than two numbers");
      entry_.range->push_back(value);
    } else {
      unexpected("a number");
    }
    return true;
  }

  bool string(string_t& value) override {
    if (where_ == Where::kMetadata) {
      header_.metadata[key_] = std::move(value);
    } else if (where_ == Where::kEntry && key_ == "dtype") {
      entry_.dtype = parse_format_dtype(value);
      if (!entry_.dtype) fail(fmt::format("has dtype {}, which kerf does not know", kerf::quoted(value)));
    } else {
      unexpected("a string");
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (where_ == Where::kStart) {
      where_ = Where::kTop;
    } else if (where_ == Where::kTop && key_ == kMetadataKey) {
      where_ = Where::kMetadata;
    } else if (where_ == Where::kTop) {
      entry_ = PartialEntry{.name = std::move(key_), .dtype = {}, .shape = {}, .range = {}};
      where_ = Where::kEntry;
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& key) override {
    key_ = std::move(key);
    const bool is_new = where_ == Where::kTop        ? is_new_name()
                        : where_ == Where::kMetadata ? !header_.metadata.contains(key_)
                                                     : is_new_field();
    if (!is_new) fail(fmt::format("has the key {} twice", kerf::quoted(key_)));
    return true;
  }

  bool end_object() override {
    if (where_ == Where::kEntry) finish_entry();
    where_ = where_ == Where::kTop ? Where::kDone : Where::kTop;
    return true;
  }

  bool start_array(std::size_t) override {
    if (where_ == Where::kEntry && key_ == "shape") {
      entry_.shape.emplace();
      where_ = Where::kShape;
    } else if (where_ == Where::kEntry && key_ == "data_offsets") {
      entry_.range.emplace();
      where_ = Where::kRange;
    } else {
      unexpected("an array");
    }
    return true;
  }

  bool end_array() override {
    where_ = Where::kEntry;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    throw_input(file_, fmt::format("header byte {}", position), "is not valid JSON");
  }

 private:
  enum class Where { kStart, kTop, kMetadata, kEntry, kShape, kRange, kDone };

  bool is_new_name() {
    if (key_ != kMetadataKey) return !header_.tensors.contains(key_);
    return !std::exchange(has_metadata_, true);
  }

  bool is_new_field() const {
    if (key_ == "dtype") return !entry_.dtype;
    if (key_ == "shape") return !entry_.shape;
    if (key_ == "data_offsets") return !entry_.range;
    fail(fmt::format("has the key {}, expected dtype, shape and data_offsets", kerf::quoted(key_)));
  }

  void push_dimension(std::uint64_t value) {
    if (entry_.shape->size() == kMaxRank) fail(fmt::format("has more than {} dimensions", kMaxRank));
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      fail(fmt::format("has a dimension of {}, more than 63 bits", value));
    }
    entry_.shape->push_back(static_cast<std::int64_t>(value));
  }

  void finish_entry() {
    if (!entry_.dtype) fail("has no dtype");
    if (!entry_.shape) fail("has no shape");
    if (!entry_.range || entry_.range->size() != 2) fail("has no pair of data_offsets");
    const std::uint64_t begin = (*entry_.range)[0];
    const std::uint64_t end = (*entry_.range)[1];
    if (begin > end) fail(fmt::format("has data_offsets [{}, {}], which end before they begin", begin, end));
    const auto elements = checked_numel(*entry_.shape);
    const auto bytes =
        elements ? checked_mul(static_cast<std::uint64_t>(*elements), std::uint64_t{dtype_bytes(*entry_.dtype)})
                 : std::nullopt;
    if (!bytes) fail(fmt::format("has shape {}, whose size overflows 64 bits", to_string(*entry_.shape)));
    if (*bytes != end - begin) {
      fail(fmt::format("has {} bytes of data, but shape {} of {} takes {}", end - begin, to_string(*entry_.shape),
                       format_dtype_name(*entry_.dtype), *bytes));
    }
    header_.tensors.emplace(std::move(entry_.name), Entry{*entry_.dtype, std::move(*entry_.shape), begin, *bytes});
  }

  [[noreturn]] void unexpected(std::string_view found) const {
    switch (where_) {
      case Where::kStart:
        throw_input(file_, "header", fmt::format("found {}, expected an object", found));
      case Where::kTop:
      case Where::kDone:
        throw_input(file_, fmt::format("tensor {}", kerf::quoted(key_)),
                    fmt::format("found {}, expected an object", found));
      case Where::kMetadata:
        throw_input(file_, fmt::format("{}.{}", kMetadataKey, kerf::quoted(key_)),
                    fmt::format("found {}, expected a string", found));
      default:
        fail(fmt::format("found {} in {}", found, kerf::quoted(key_)));
    }
  }

  [[noreturn]] void fail(std::string message) const {
    const bool in_entry = where_ == Where::kEntry || where_ == Where::kShape || where_ == Where::kRange;
    throw_input(file_, in_entry ? fmt::format("tensor {}", kerf::quoted(entry_.name)) : "header", std::move(message));
  }

  const std::string& file_;
  Header header_;
  Where where_ = Where::kStart;
  bool has_metadata_ = false;
  std::string key_;
  PartialEntry entry_;
};

}  // namespace

Header parse_header_json(std::string_view json, const std::string& file) {
  // The format demands it, and it keeps out the byte order mark that the parser would skip.
  if (!starts_with(json, "{")) throw_input(file, "header", "does not begin with '{', expected a JSON object");
  // The parser takes a zero byte for the end of its input, whatever follows.
  if (const auto zero = json.find('\0'); zero != std::string_view::npos) {
    throw_input(file, fmt::format("header byte {}", zero), "is not valid JSON");
  }
  HeaderHandler handler(file);
  nlohmann::json::sax_parse(json.begin(), json.end(), &handler);
  return handler.take();
}

}  // namespace kerf::formats::safetensors
