#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"

namespace kerf::test {

/// Pieces of what torch.save writes, to be put together and broken.

/// One opcode with its argument, as Python's pickle has them.
inline std::string pickled_text(std::string_view text) {
  ByteWriter bytes;
  bytes.write('X');
  bytes.write(static_cast<std::uint32_t>(text.size()));
  bytes.text(text);
  return bytes.bytes();
}

inline std::string pickled_integer(std::int32_t value) {
  ByteWriter bytes;
  bytes.write('J');
  bytes.write(value);
  return bytes.bytes();
}

inline std::string pickled_name(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}

inline std::string pickled_tuple(const std::vector<std::string>& items) {
  std::string bytes = "(";
  for (const std::string& item : items) bytes += item;
  return bytes + "t";
}

inline std::string pickled_sizes(const std::vector<std::int32_t>& sizes) {
  std::vector<std::string> items;
  for (const std::int32_t size : sizes) items.push_back(pickled_integer(size));
  return pickled_tuple(items);
}

/// ("storage", type, key, "cpu", elements), in legacy files with a part.
inline std::string pickled_storage(std::string_view type, std::string_view key, std::int32_t elements,
                                   const std::string& part = "") {
  std::vector<std::string> items = {pickled_text("storage"), pickled_name("torch", type), pickled_text(key),
                                    pickled_text("cpu"), pickled_integer(elements)};
  if (!part.empty()) items.push_back(part);
  return pickled_tuple(items) + "Q";
}

inline std::string pickled_tensor(const std::string& storage, std::int32_t offset,
                                  const std::vector<std::int32_t>& sizes, const std::vector<std::int32_t>& strides) {
  const std::string hooks = pickled_name("collections", "OrderedDict") + ")R";
  return pickled_name("torch._utils", "_rebuild_tensor_v2") +
         pickled_tuple(
             {storage, pickled_integer(offset), pickled_sizes(sizes), pickled_sizes(strides), "\x89", hooks}) +
         "R";
}

/// A whole pickle of protocol 2.
inline std::string pickle_of(const std::string& value) { return "\x80\x02" + value + "."; }

inline std::string pickled_dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string bytes = "}(";
  for (const auto& [name, value] : entries) bytes += pickled_text(name) + value;
  return bytes + "u";
}

/// One entry of an archive; the rest is there to be set wrong.
struct ZipItem {
  std::string name, data;
  std::uint16_t method = 0, flags = 0;
  std::string local_name = name;  ///< in the entry's own header
  std::uint32_t stored = static_cast<std::uint32_t>(data.size());
  std::uint32_t offset = 0xfffffffe;  ///< in the directory; this value: where it is
  std::string extra{};                ///< in the directory
};

struct ZipEndFields {
  int entries = -1;                      ///< -1: as many as there are
  std::int64_t bytes = -1, offset = -1;  ///< of the directory
  bool zip64 = false;
  std::string comment{};
};

inline std::string zip_of(const std::vector<ZipItem>& items, const ZipEndFields& fields = {}) {
  ByteWriter body, directory;
  for (const ZipItem& item : items) {
    const auto at = static_cast<std::uint32_t>(body.bytes().size());
    body.write(std::uint32_t{0x04034b50});
    body.zeros(22);
    body.write(static_cast<std::uint16_t>(item.local_name.size()));
    body.write(std::uint16_t{0});
    body.text(item.local_name);
    body.text(item.data);
    directory.write(std::uint32_t{0x02014b50});
    directory.zeros(4);
    directory.write(item.flags);
    directory.write(item.method);
    directory.zeros(8);
    directory.write(item.stored);
    directory.write(static_cast<std::uint32_t>(item.extra.empty() ? item.data.size() : 0xffffffff));
    directory.write(static_cast<std::uint16_t>(item.name.size()));
    directory.write(static_cast<std::uint16_t>(item.extra.size()));
    directory.zeros(10);
    directory.write(item.offset == 0xfffffffe ? at : item.offset);
    directory.text(item.name);
    directory.text(item.extra);
  }
  const auto start = static_cast<std::int64_t>(body.bytes().size());
  const auto length = static_cast<std::int64_t>(directory.bytes().size());
  const std::int64_t entries = fields.entries < 0 ? std::ssize(items) : fields.entries;
  const std::int64_t bytes = fields.bytes < 0 ? length : fields.bytes,
                     offset = fields.offset < 0 ? start : fields.offset;
  ByteWriter end;
  if (fields.zip64) {
    end.write(std::uint32_t{0x06064b50});
    end.write(std::uint64_t{44});
    end.zeros(12);
    for (const std::int64_t value : {entries, entries, bytes, offset}) end.write(value);
    end.write(std::uint32_t{0x07064b50});
    end.write(std::uint32_t{0});
    end.write(start + length);
    end.write(std::uint32_t{1});
  }
  end.write(std::uint32_t{0x06054b50});
  end.zeros(4);
  const auto shown = static_cast<std::uint16_t>(fields.zip64 ? 0xffff : entries);
  end.write(shown);
  end.write(shown);
  end.write(static_cast<std::uint32_t>(fields.zip64 ? 0xffffffff : bytes));
  end.write(static_cast<std::uint32_t>(fields.zip64 ? 0xffffffff : offset));
  end.write(static_cast<std::uint16_t>(fields.comment.size()));
  return body.bytes() + directory.bytes() + end.bytes() + fields.comment;
}

}  // namespace kerf::test
