#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kerf::codec {

/// What to say of a name that no family of schemes knows, and that is none of the `recipes` either: the nearest of all
/// examples and recipes, and how each family's names are written.
std::string unknown_scheme(std::string_view name, std::span<const std::string> recipes = {});

}  // namespace kerf::codec
