#include "emit/file_hashes.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "core/file.h"
#include "core/sha256.h"
#include "core/threads.h"

namespace kerf::emit {
namespace {

constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;

FileHash hash_file(const WrittenFile& file) {
  const auto input = InputFile::open(file.path);
  Sha256 hash;
  std::vector<std::byte> piece(static_cast<std::size_t>(std::min(kPieceBytes, input->size())));
  for (std::uint64_t at = 0; at < input->size(); at += piece.size()) {
    const auto part = std::span(piece).first(static_cast<std::size_t>(std::min(kPieceBytes, input->size() - at)));
    input->read(at, part);
    hash.update(part);
  }
  return {file.name, input->size(), hash.finish()};
}

}  // namespace

std::vector<FileHash> hash_files(const std::vector<WrittenFile>& files) {
  std::vector<FileHash> hashes(files.size());
  parallel_for(static_cast<std::int64_t>(files.size()), [&](std::int64_t i) {
    hashes[static_cast<std::size_t>(i)] = hash_file(files[static_cast<std::size_t>(i)]);
  });
  return hashes;
}

std::vector<FileHash> hash_files(const std::vector<std::string>& paths) {
  std::vector<WrittenFile> files;
  for (const std::string& path : paths) files.push_back({file_name(path), path});
  return hash_files(files);
}

}  // namespace kerf::emit
