#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/file.h"
#include "core/json.h"

namespace kerf::formats {

/// Bytes at the start of a file that describe_impostor() can use.
inline constexpr std::size_t kImpostorBytes = 512;

/// What people have in place of a model's file, told by how it begins, with the cure: "a Git LFS pointer, not the file
/// it stands for; run 'git lfs pull'". nullopt if it is none of those.
std::optional<std::string> describe_impostor(std::string_view start);
/// The same for a file that should be binary: text of any kind is an impostor too.
std::optional<std::string> describe_binary_impostor(std::string_view start);

/// The first kImpostorBytes of a file, or all of it.
std::string read_start(const InputFile& file);

/// A JSON object from a file of a model's directory. Error(kInput) naming the file; if it is something else that can be
/// told, what it is and the cure.
Json read_json_object(const std::string& path, std::uint64_t limit_bytes);

}  // namespace kerf::formats
