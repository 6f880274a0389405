#pragma once

#include <span>
#include <string>
#include <string_view>

namespace kerf::quant {

/// unknown_name(kind, name, known), or if the name is registered as something else, that and how it is asked for:
/// methods, transforms and pruning stand beside each other on the command line and are taken for one another.
std::string unknown_choice(std::string_view kind, std::string_view name, std::span<const std::string> known);

}  // namespace kerf::quant
