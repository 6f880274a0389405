#include "formats/pytorch/reader.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/impostor.h"
#include "formats/pytorch/legacy.h"
#include "formats/pytorch/pickle.h"
#include "formats/pytorch/state_dict.h"
#include "formats/pytorch/storages.h"
#include "formats/pytorch/zip_directory.h"
#include "formats/pytorch/zip_end.h"

namespace kerf::formats::pytorch {
namespace {

constexpr std::string_view kPickle = "data.pkl", kByteOrder = "byteorder", kData = "data/";
constexpr std::array<std::string_view, 4> kEndings = {".bin", ".pt", ".pth", ".ckpt"};

/// "model/" of "model/data.pkl": the folder that everything in the archive is in.
std::string find_folder(const ZipEntries& entries, const std::string& file) {
  std::optional<std::string> folder;
  for (const auto& [name, entry] : entries) {
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || std::string_view(name).substr(slash + 1) != kPickle) continue;
    if (folder) throw_input(file, fmt::format("entry {}", quoted(name)), "is a second pickle, expected one");
    folder = name.substr(0, slash + 1);
  }
  if (!folder) throw_input(file, "", "is a ZIP archive without data.pkl, expected what torch.save writes");
  if (entries.contains(*folder + "constants.pkl")) {
    throw_input(file, "", "is a TorchScript program (torch.jit.save), expected tensors (torch.save of a state_dict)");
  }
  return *folder;
}

/// Written since PyTorch 2.1; before, and on most machines, it is little.
void check_byte_order(const InputFile& file, const ZipEntries& entries, const std::string& folder) {
  const auto entry = entries.find(folder + std::string(kByteOrder));
  if (entry == entries.end()) return;
  constexpr std::uint64_t kLongest = 16;
  const std::string order = read_bytes(file, entry->second.offset, std::min(entry->second.bytes, kLongest));
  if (order != "little") {
    throw_input(file.path(), fmt::format("entry {}", quoted(entry->first)),
                fmt::format("found the byte order {}, expected 'little'", quoted(order)));
  }
}

safetensors::StoredTensors open_archive(const std::shared_ptr<const InputFile>& file, std::vector<std::string>& notes) {
  const ZipEntries entries = read_zip_directory(*file);
  const std::string folder = find_folder(entries, file->path());
  check_byte_order(*file, entries, folder);
  const ZipEntry& entry = entries.find(folder + std::string(kPickle))->second;
  if (entry.bytes > kMaxPickleBytes) {
    throw_input(file->path(), quoted(kPickle),
                fmt::format("has {} bytes, more than the {} that are read", entry.bytes, kMaxPickleBytes));
  }
  const std::string bytes = read_bytes(*file, entry.offset, entry.bytes);
  ByteReader reader = reader_of(bytes, *file, entry.offset);
  const Pickle pickle(reader);
  if (reader.remaining() != 0) reader.fail("found bytes behind the end of the pickle");

  const std::string prefix = folder + std::string(kData);
  Storages storages;
  for (auto at = entries.lower_bound(prefix); at != entries.end() && starts_with(at->first, prefix); ++at) {
    storages.emplace(at->first.substr(prefix.size()), Storage{at->second.offset, at->second.bytes});
  }
  return place_tensors(read_state_dict(pickle, file->path(), notes), storages, file);
}

}  // namespace

bool looks_like_checkpoint(std::string_view name, std::string_view start) {
  const std::string lower = to_lower_ascii(name);
  const auto ends = [&](std::string_view ending) { return ends_with(lower, ending); };
  return std::any_of(kEndings.begin(), kEndings.end(), ends) || looks_like_legacy(start) ||
         (looks_like_zip(start) && !ends(".zip"));
}

void check_start(const std::string& path, std::string_view start) {
  if (looks_like_zip(start) || looks_like_legacy(start)) return;
  if (start.empty()) throw_input(path, "", "is empty, expected a PyTorch checkpoint (an unfinished download?)");
  const auto impostor = describe_binary_impostor(start);
  throw_input(path, "",
              impostor ? fmt::format("is {}", *impostor)
                       : "is no PyTorch checkpoint: found neither a ZIP archive nor a pickle");
}

safetensors::StoredTensors open_checkpoint_file(const std::string& path, std::vector<std::string>& notes) {
  const auto file = InputFile::open(path);
  const std::string start = read_start(*file);
  check_start(path, start);
  return looks_like_zip(start) ? open_archive(file, notes) : open_legacy(file, notes);
}

}  // namespace kerf::formats::pytorch
