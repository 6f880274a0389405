#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "formats/gguf/container.h"

namespace kerf::formats::gguf {

/// Keys of a part. The first part has all other keys too.
inline constexpr std::string_view kSplitNumberKey = "split.no", kSplitCountKey = "split.count",
                                  kSplitTensorsKey = "split.tensors.count";
/// More parts than anybody cuts a file into; all of them are open at a time.
inline constexpr std::int64_t kMaxSplitParts = 512;

/// PREFIX-00002-of-00003.gguf, numbered from 1.
struct SplitName {
  std::string prefix;
  std::int64_t number = 0, count = 0;
};
std::optional<SplitName> parse_split_name(std::string_view path);
std::string split_path(const SplitName& name);
/// The name of a part of what would be one file at `path`: model.gguf gives model-00001-of-00003.gguf.
std::string part_path(std::string_view path, std::int64_t number, std::int64_t count);

/// The first part of what would be one file at `path`; "" if there is none.
std::string find_first_part(const std::string& path);

/// A file, or all parts of one.
struct Parts {
  std::vector<std::shared_ptr<const InputFile>> files;
  Container container;              ///< the first part's metadata, the tensors of all
  std::vector<std::size_t> holder;  ///< beside container.tensors: which of the files it is in

  const std::shared_ptr<const InputFile>& file_of(std::size_t tensor) const { return files[holder[tensor]]; }
};

/// Opens a file; of a split one any part leads to the others, beside it. Error(kInput) naming the part that is missing,
/// has another name, number or count, or a tensor that another part has too.
Parts open_parts(const std::string& path);

}  // namespace kerf::formats::gguf
