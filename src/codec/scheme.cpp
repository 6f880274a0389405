#include "codec/scheme.h"

#include <algorithm>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::codec {

#define X(id) const SchemeFamily& id##_family();
#include "codec/scheme_families.def"
#undef X

namespace {

std::optional<Scheme> find_scheme(std::string_view name) {
  const std::string lower_case_name = to_lower_ascii(name);
  for (const SchemeFamily* family : scheme_families()) {
    if (auto scheme = family->parse(lower_case_name)) return scheme;
  }
  return std::nullopt;
}

std::vector<std::string> names_in_help() {
  std::vector<std::string> names;
  for (const SchemeFamily* family : scheme_families()) {
    names.insert(names.end(), family->examples.begin(), family->examples.end());
  }
  return names;
}

}  // namespace

std::int64_t Scheme::groups(std::int64_t cols) const {
  if (granularity != Granularity::kGroup) return 1;
  return cols / group_size + (cols % group_size != 0 ? 1 : 0);
}

std::int64_t Scheme::super_blocks(std::int64_t cols) const {
  return has_super_blocks() ? cols / super.cols + (cols % super.cols != 0 ? 1 : 0) : 0;
}

const std::vector<const SchemeFamily*>& scheme_families() {
  static const std::vector<const SchemeFamily*> families{
#define X(id) &id##_family(),
#include "codec/scheme_families.def"
#undef X
  };
  return families;
}

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const std::string& example : names_in_help()) {
    const std::string name = parse_scheme(example).name;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

Scheme parse_scheme(std::string_view name) {
  auto scheme = find_scheme(name);
  if (!scheme) throw_usage(unknown_name("scheme", name, names_in_help()));
  return *std::move(scheme);
}

}  // namespace kerf::codec
