#pragma once

#include <string>

namespace kerf::emit {

/// What a path ends with that looks like a kind of file: ".gguff" of "out/model.GGUFF". Empty where there is no dot, a
/// number follows it ("model-v0.5") or nothing precedes it (".hidden").
std::string ending_of(const std::string& path);

}  // namespace kerf::emit
