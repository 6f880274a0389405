#include "formats/onnx/patch/file_index.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::formats::onnx {
namespace {

// Wire types: https://protobuf.dev/programming-guides/encoding/
constexpr int kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;
constexpr std::size_t kMaxPieces = std::size_t{1} << 22;

class Reader {
 public:
  Reader(const ByteSource& file, std::uint64_t begin, std::uint64_t end) : file_(file), position_(begin), end_(end) {}

  std::vector<FilePiece> read() {
    std::vector<FilePiece> pieces;
    while (position_ < end_) {
      if (pieces.size() == kMaxPieces) fail("found more fields than any model has");
      pieces.push_back(piece());
    }
    return pieces;
  }

 private:
  [[noreturn]] void fail(std::string message) const {
    throw_input(file_.path, fmt::format("offset {}", position_), std::move(message));
  }

  FilePiece piece() {
    FilePiece piece{.begin = position_};
    const std::uint64_t tag = varint();
    piece.field = static_cast<std::uint32_t>(tag >> 3);
    piece.body = position_;
    switch (static_cast<int>(tag & 7)) {
      case kVarint:
        varint();
        break;
      case kFixed64:
        skip(8);
        break;
      case kFixed32:
        skip(4);
        break;
      case kBytes: {
        const std::uint64_t length = varint();
        piece.body = position_;
        skip(length);
        break;
      }
      default:
        fail(fmt::format("found wire type {}, expected 0, 1, 2 or 5", tag & 7));
    }
    piece.end = position_;
    return piece;
  }

  void skip(std::uint64_t count) {
    if (count > end_ - position_) fail("a field ends behind the message that it is in");
    position_ += count;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (position_ == end_) break;
      const std::uint8_t byte = next();
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    fail("found a number that does not end");
  }

  std::uint8_t next() {
    if (position_ < window_start_ || position_ >= window_start_ + window_size_) {
      window_start_ = position_;
      window_size_ = std::min<std::uint64_t>(window_.size(), end_ - position_);
      file_.read(position_, std::span(window_).first(static_cast<std::size_t>(window_size_)));
    }
    return std::to_integer<std::uint8_t>(window_[static_cast<std::size_t>(position_++ - window_start_)]);
  }

  const ByteSource& file_;
  std::uint64_t position_, end_;
  std::array<std::byte, 512> window_{};
  std::uint64_t window_start_ = 0, window_size_ = 0;
};

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
}

}  // namespace

std::vector<FilePiece> index_message(const ByteSource& file, std::uint64_t begin, std::uint64_t end) {
  return Reader(file, begin, end).read();
}

FileIndex index_file(const ByteSource& file) {
  FileIndex index;
  index.model = index_message(file, 0, file.size);
  const auto is_graph = [](const FilePiece& piece) { return piece.field == field::kGraph; };
  if (std::count_if(index.model.begin(), index.model.end(), is_graph) != 1) {
    throw_input(file.path, "graph", "is in several parts, and cannot be changed part by part");
  }
  const FilePiece& graph = *std::find_if(index.model.begin(), index.model.end(), is_graph);
  index.graph = index_message(file, graph.body, graph.end);
  return index;
}

std::string field_header(std::uint32_t field, std::uint64_t length) {
  std::string header;
  put_varint(header, (std::uint64_t{field} << 3) | kBytes);
  put_varint(header, length);
  return header;
}

}  // namespace kerf::formats::onnx
