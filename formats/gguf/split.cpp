#include "formats/gguf/split.h"

#include <charconv>
#include <unordered_set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/metadata_reader.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::string_view kEnding = ".gguf", kOf = "-of-";
constexpr std::size_t kDigits = 5;

std::optional<std::int64_t> take_digits(std::string_view& name) {
  if (name.size() < kDigits) return std::nullopt;
  const std::string_view digits = name.substr(name.size() - kDigits);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.front() == '-') return std::nullopt;
  name.remove_suffix(kDigits);
  return number;
}

bool take_ending(std::string_view& name, std::string_view ending) {
  if (!ends_with(name, ending)) return false;
  name.remove_suffix(ending.size());
  return true;
}

struct PartKeys {
  std::int64_t number = 0, count = 1;
  std::optional<std::int64_t> tensors;
};

PartKeys read_keys(const Container& container, const std::string& path) {
  const MetadataReader metadata(container.metadata, path);
  PartKeys keys;
  keys.count = metadata.integer_in(kSplitCountKey, 0, kMaxSplitParts).value_or(1);
  if (keys.count <= 1) return {};
  const auto number = metadata.integer_in(kSplitNumberKey, 0, keys.count - 1);
  if (!number) metadata.fail(kSplitNumberKey, "found no such key in a part of a split file");
  keys.number = *number;
  keys.tensors = metadata.integer(kSplitTensorsKey);
  return keys;
}

SplitName name_of(const std::string& path, const PartKeys& keys) {
  auto name = parse_split_name(path);
  if (name && name->number == keys.number + 1 && name->count == keys.count) return *std::move(name);
  throw_input(
      path, "",
      fmt::format("is part {} of {}, by its metadata, expected a name that ends in {}, by which the other parts "
                  "are found",
                  keys.number + 1, keys.count,
                  split_path({.prefix = "", .number = keys.number + 1, .count = keys.count})));
}

void add_part(std::shared_ptr<const InputFile> file, Container container, Parts& parts) {
  const std::size_t index = parts.files.size();
  parts.files.push_back(std::move(file));
  if (index == 0) {
    parts.container = std::move(container);
  } else {
    auto& all = parts.container.tensors;
    all.insert(all.end(), std::make_move_iterator(container.tensors.begin()),
               std::make_move_iterator(container.tensors.end()));
  }
  parts.holder.resize(parts.container.tensors.size(), index);
}

void check_tensors(const Parts& parts, std::optional<std::int64_t> expected) {
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i < parts.container.tensors.size(); ++i) {
    const std::string& name = parts.container.tensors[i].name;
    if (names.insert(name).second) continue;
    throw_input(parts.file_of(i)->path(), fmt::format("tensor {}", quoted(name)), "is in another part too");
  }
  const auto found = std::ssize(parts.container.tensors);
  if (expected.value_or(found) == found) return;
  throw_input(parts.files.front()->path(), fmt::format("key '{}'", kSplitTensorsKey),
              fmt::format("found {}, but all parts together have {} tensors", *expected, found));
}

}  // namespace

std::optional<SplitName> parse_split_name(std::string_view path) {
  SplitName name;
  if (!take_ending(path, kEnding)) return std::nullopt;
  const auto count = take_digits(path);
  if (!count || !take_ending(path, kOf)) return std::nullopt;
  const auto number = take_digits(path);
  if (!number || !take_ending(path, "-")) return std::nullopt;
  return SplitName{std::string(path), *number, *count};
}

std::string split_path(const SplitName& name) {
  return fmt::format("{}-{:05}{}{:05}{}", name.prefix, name.number, kOf, name.count, kEnding);
}

std::string part_path(std::string_view path, std::int64_t number, std::int64_t count) {
  take_ending(path, kEnding);
  return split_path({std::string(path), number, count});
}

std::string find_first_part(const std::string& path) {
  std::string_view prefix = path;
  const std::string folder = parent_path(path);
  if (!take_ending(prefix, kEnding) || !is_directory(folder)) return "";
  for (const std::string& file : list_directory(folder)) {
    const auto name = parse_split_name(file);
    if (name && name->number == 1 && name->prefix == file_name(prefix)) {
      return path.substr(0, path.size() - file_name(path).size()) + file;
    }
  }
  return "";
}

Parts open_parts(const std::string& path) {
  Parts parts;
  auto file = InputFile::open(path);
  Container container = read_container(*file);
  const PartKeys keys = read_keys(container, path);
  if (keys.count == 1) {
    add_part(std::move(file), std::move(container), parts);
    return parts;
  }
  SplitName name = name_of(path, keys);
  std::optional<std::int64_t> tensors;
  for (std::int64_t i = 0; i < keys.count; ++i) {
    name.number = i + 1;
    const std::string part = split_path(name);
    auto part_file = InputFile::open(part);
    Container part_contents = read_container(*part_file);
    const PartKeys found = read_keys(part_contents, part);
    if (found.number != i || found.count != keys.count) {
      throw_input(part, "",
                  fmt::format("is part {} of {} by its metadata, expected part {} of {} as its name says",
                              found.number + 1, found.count, i + 1, keys.count));
    }
    if (i == 0) tensors = found.tensors;
    if (found.tensors != tensors) {
      throw_input(part, fmt::format("key '{}'", kSplitTensorsKey), "found another number than in the first part");
    }
    add_part(std::move(part_file), std::move(part_contents), parts);
  }
  check_tensors(parts, tensors);
  return parts;
}

}  // namespace kerf::formats::gguf
