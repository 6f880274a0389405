#include "formats/gguf/container_writer.h"

#include <unordered_set>

#include <fmt/format.h>

#include "core/bytes.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::gguf {
namespace {

void write_string(ByteWriter& out, std::string_view text) {
  out.write(static_cast<std::uint64_t>(text.size()));
  out.text(text);
}

void write_item(ByteWriter& out, const std::string& text) { write_string(out, text); }
void write_item(ByteWriter& out, bool value) { out.write(static_cast<std::uint8_t>(value)); }
template <typename T>
requires std::is_arithmetic_v<T>
void write_item(ByteWriter& out, T value) { out.write(value); }

void write_item(ByteWriter& out, const Array& array) {
  out.write(static_cast<std::uint32_t>(array.element_type()));
  out.write(static_cast<std::uint64_t>(array.size()));
  std::visit(
      [&](const auto& items) {
        for (const auto& item : items) write_item(out, item);
      },
      array.items);
}

void write_tensor_info(ByteWriter& out, const TensorInfo& info) {
  write_string(out, info.name);
  out.write(static_cast<std::uint32_t>(info.shape.size()));
  for (auto dim = info.shape.rbegin(); dim != info.shape.rend(); ++dim) out.write(static_cast<std::uint64_t>(*dim));
  out.write(info.type);
  out.write(info.offset);
}

void check_names(const std::vector<TensorInfo>& tensors) {
  std::unordered_set<std::string_view> names;
  for (const TensorInfo& info : tensors) {
    if (info.name.empty() || info.name.size() > kMaxWrittenNameBytes) {
      throw_usage(fmt::format("tensor {}: found a name of {} bytes, expected 1 to {} in a GGUF file", quoted(info.name),
                              info.name.size(), kMaxWrittenNameBytes));
    }
    if (!names.insert(info.name).second) {
      throw_usage(fmt::format("tensor {}: found the name twice for a GGUF file", quoted(info.name)));
    }
  }
}

/// tensor_bytes() for a file that does not exist yet: what it refuses is a request, not an input.
std::uint64_t planned_bytes(const TensorInfo& info) {
  if (info.shape.size() > kMaxDims) {
    throw_usage(fmt::format("tensor {}: found {} dimensions, expected at most {} in a GGUF file", quoted(info.name),
                            info.shape.size(), kMaxDims));
  }
  try {
    return tensor_bytes(info.type, info.shape, "", "");
  } catch (const Error& error) {
    throw_usage(fmt::format("tensor {}: {}", quoted(info.name), error.message()));
  }
}

std::uint64_t aligned(std::uint64_t bytes) {
  const auto result = checked_align<std::uint64_t>(bytes, kDefaultAlignment);
  if (!result) throw_usage("the GGUF file would be larger than a 64-bit size");
  return *result;
}

}  // namespace

FileLayout lay_out(const Metadata& metadata, std::vector<TensorInfo> tensors) {
  check_names(tensors);
  std::uint64_t data_bytes = 0;
  for (TensorInfo& info : tensors) {
    info.bytes = planned_bytes(info);
    info.offset = data_bytes;
    const auto end = checked_add(data_bytes, info.bytes);
    if (!end) throw_usage("the GGUF file would be larger than a 64-bit size");
    data_bytes = aligned(*end);
  }
  ByteWriter out;
  out.text("GGUF");
  out.write(std::uint32_t{3});
  out.write(static_cast<std::uint64_t>(tensors.size()));
  out.write(static_cast<std::uint64_t>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    write_string(out, key);
    out.write(static_cast<std::uint32_t>(type_of(value)));
    std::visit([&](const auto& item) { write_item(out, item); }, value);
  }
  for (const TensorInfo& info : tensors) write_tensor_info(out, info);

  FileLayout layout;
  layout.header = out.bytes();
  const std::uint64_t data_offset = aligned(layout.header.size());
  for (TensorInfo& info : tensors) info.offset += data_offset;
  layout.tensors = std::move(tensors);
  layout.total_bytes = data_offset + data_bytes;
  return layout;
}

ContainerWriter::ContainerWriter(const FileLayout& layout, OutputFile& output) : layout_(layout), output_(output) {
  output_.write(layout_.header);
  output_.pad_to(kDefaultAlignment);
}

void ContainerWriter::write(std::span<const std::byte> bytes) {
  output_.write(bytes);
  written_ += bytes.size();
}

void ContainerWriter::finish_tensor() {
  const TensorInfo& info = layout_.tensors.at(current_);
  if (written_ != info.bytes) {
    throw_usage(
        fmt::format("tensor {}: found {} bytes to write, expected {}", quoted(info.name), written_, info.bytes));
  }
  output_.pad_to(kDefaultAlignment);
  written_ = 0;
  ++current_;
}

void ContainerWriter::finish() const {
  if (current_ == layout_.tensors.size() && output_.size() == layout_.total_bytes) return;
  throw_usage(fmt::format("{}: found {} of {} tensors written, {} of {} bytes", output_.path(), current_,
                          layout_.tensors.size(), output_.size(), layout_.total_bytes));
}

}  // namespace kerf::formats::gguf
