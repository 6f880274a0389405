#include "text/metaspace.h"

#include "core/strings.h"
#include "text/component.h"
#include "text/one_character.h"

namespace kerf::text {
namespace {

using Prepend = MetaspaceOptions::Prepend;

Prepend prepend_of(const JsonCursor& scheme) {
  const std::string name = scheme.as_string();
  if (name == "always") return Prepend::kAlways;
  if (name == "first") return Prepend::kFirst;
  if (name == "never") return Prepend::kNever;
  const std::vector<std::string> known = {"always", "first", "never"};
  scheme.fail(unknown_name("prepend_scheme", name, known));
}

}  // namespace

MetaspaceOptions::MetaspaceOptions(const JsonCursor& json) : replacement(one_character(json.at("replacement"))) {
  // `str_rep` says again, in old files, what `replacement` says.
  expect_keys(json, {"replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"});
  split = json.bool_or("split", true);
  const auto scheme = json.get("prepend_scheme");
  // Before there were schemes.
  const bool add_prefix_space = json.bool_or("add_prefix_space", true);
  prepend = scheme ? prepend_of(*scheme) : add_prefix_space ? Prepend::kAlways : Prepend::kNever;
  if (!add_prefix_space && prepend != Prepend::kNever) {
    json.at("add_prefix_space").fail("found false, which contradicts prepend_scheme, expected true or 'never' there");
  }
}

}  // namespace kerf::text
