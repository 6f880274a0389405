#include "formats/pytorch/legacy.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/bytes.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/pytorch/pickle.h"
#include "formats/pytorch/state_dict.h"
#include "formats/pytorch/storages.h"
#include "formats/pytorch/zip_end.h"

namespace kerf::formats::pytorch {
namespace {

using namespace std::string_view_literals;
using Kind = Value::Kind;

/// 0x1950a86a20f9469cfc6c as a pickle keeps it.
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;
constexpr std::int64_t kVersion = 1001;

void check_preamble(ByteReader& reader) {
  const Pickle magic(reader);
  if (!magic.root().is(Kind::kBytes) || magic.root().text != kMagic) {
    reader.fail("found a pickle that does not begin with PyTorch's magic number, expected a file of torch.save");
  }
  const Pickle version(reader);
  if (!version.root().is(Kind::kInteger) || version.root().integer != kVersion) {
    reader.fail(fmt::format("found another version than {} of PyTorch's older files", kVersion));
  }
  const Pickle machine(reader);
  if (!machine.root().is(Kind::kDict)) reader.fail("found no description of the machine");
  const auto pairs = machine.pairs(machine.root());
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    if (!pairs[i].is(Kind::kText) || pairs[i].text != "little_endian") continue;
    if (pairs[i + 1].integer != 1) reader.fail("found the byte order 'big', expected 'little'");
  }
}

/// Bytes of an element by the storage's key: the file itself counts elements.
std::map<std::string, std::uint64_t, std::less<>> element_bytes(const std::vector<TensorView>& views,
                                                                const ByteReader& reader) {
  std::map<std::string, std::uint64_t, std::less<>> items;
  for (const TensorView& view : views) {
    const auto [known, is_new] = items.emplace(view.storage, view.storage_item);
    if (!is_new && known->second != view.storage_item) {
      reader.fail(fmt::format("storage {} has elements of two sizes", quoted(view.storage)));
    }
  }
  return items;
}

Storages find_storages(const InputFile& file, const Pickle& keys, std::uint64_t offset,
                       const std::map<std::string, std::uint64_t, std::less<>>& items) {
  Storages storages;
  for (const Value& key : keys.items(keys.root())) {
    const auto refuse = [&](std::string message) {
      throw_input(file.path(), fmt::format("storage {}", quoted(key.text)), std::move(message));
    };
    if (!key.is(Kind::kText)) refuse(fmt::format("found {} as a key", key.kind_name()));
    const auto item = items.find(key.text);
    if (item == items.end()) refuse("belongs to no tensor");
    if (file.size() - offset < sizeof(std::int64_t)) {
      refuse("is missing: an unfinished download or copy");
    }
    const std::string bytes = read_bytes(file, offset, sizeof(std::int64_t));
    const auto count = reader_of(bytes, file, offset).read<std::uint64_t>("number of elements");
    offset += sizeof(std::int64_t);
    const auto size = checked_mul(count, item->second);
    if (!size || *size > file.size() - offset) {
      refuse(
          fmt::format("has {} elements of {} bytes, but the file ends {} bytes later: an unfinished download or copy",
                      count, item->second, file.size() - offset));
    }
    if (!storages.emplace(std::string(key.text), Storage{offset, *size}).second) refuse("is in the file twice");
    offset += *size;
  }
  if (offset != file.size()) {
    throw_input(file.path(), "", fmt::format("has {} bytes behind the last storage", file.size() - offset));
  }
  return storages;
}

}  // namespace

bool looks_like_legacy(std::string_view start) {
  return start.size() >= 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5;
}

safetensors::StoredTensors open_legacy(const std::shared_ptr<const InputFile>& file, std::vector<std::string>& notes) {
  // The pickles come first; how long they are shows when they are read.
  const std::string bytes = read_bytes(*file, 0, std::min(file->size(), kMaxPickleBytes));
  ByteReader reader = reader_of(bytes, *file, 0);
  check_preamble(reader);
  const Pickle dict(reader);
  const Pickle keys(reader);
  if (!keys.root().is(Kind::kList)) reader.fail("found no list of storages");
  const std::vector<TensorView> views = read_state_dict(dict, file->path(), notes);
  return place_tensors(views, find_storages(*file, keys, reader.offset(), element_bytes(views, reader)), file);
}

}  // namespace kerf::formats::pytorch
