#include "formats/onnx/skeleton.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
constexpr std::uint64_t kMaxSkeletonBytes = std::uint64_t{128} << 20;
constexpr std::uint64_t kMaxMessages = std::uint64_t{1} << 20;  // each is an object of 50 to 200 bytes in memory
constexpr std::uint64_t kMaxFields = std::uint64_t{4} << 20;
constexpr int kMaxSubgraphDepth = 32;
/// Values of so few bytes stay in the message: a read of their own would cost more.
constexpr std::uint64_t kInlineBytes = 256;

/// What is done with a field, or the kind of message that it is.
enum class Kind {
  kDrop,
  kCopy,    ///< a number or string
  kValues,  ///< the elements of a tensor as they are in memory
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
  kFunction,
  kEntry,
  kOpset,
  kValueInfo,
  kType,
  kTensorType,
  kShape,
  kDim,
};

struct Rule {
  std::uint64_t field;
  Kind kind;
};

/// Fields of a kind of message; those that are not named are left out.
std::initializer_list<Rule> rules_of(Kind kind) {
  using enum Kind;
  static constexpr std::initializer_list<Rule> kNone = {};
  static constexpr std::initializer_list<Rule> kOfModel = {{1, kCopy}, {2, kCopy},  {3, kCopy},  {4, kCopy},
                                                           {5, kCopy}, {7, kGraph}, {8, kOpset}, {25, kFunction}};
  static constexpr std::initializer_list<Rule> kOfGraph = {{1, kNode},       {2, kCopy},       {5, kTensor},
                                                           {11, kValueInfo}, {12, kValueInfo}, {15, kSparseTensor}};
  static constexpr std::initializer_list<Rule> kOfNode = {{1, kCopy},      {2, kCopy}, {3, kCopy}, {4, kCopy},
                                                          {5, kAttribute}, {7, kCopy}, {8, kCopy}, {9, kEntry}};
  static constexpr std::initializer_list<Rule> kOfAttribute = {
      {1, kCopy},   {2, kCopy},  {3, kCopy},  {4, kCopy},          {5, kTensor},
      {6, kGraph},  {7, kCopy},  {8, kCopy},  {9, kCopy},          {10, kTensor},
      {11, kGraph}, {20, kCopy}, {21, kCopy}, {22, kSparseTensor}, {23, kSparseTensor}};
  static constexpr std::initializer_list<Rule> kOfTensor = {
      {1, kCopy}, {2, kCopy},   {3, kCopy},    {4, kValues}, {5, kCopy},   {6, kCopy}, {7, kCopy},
      {8, kCopy}, {9, kValues}, {10, kValues}, {11, kCopy},  {13, kEntry}, {14, kCopy}};
  // Only its name matters: such tensors are refused.
  static constexpr std::initializer_list<Rule> kOfSparseTensor = {{1, kTensor}};
  static constexpr std::initializer_list<Rule> kOfFunction = {{1, kCopy},  {4, kCopy},       {5, kCopy},
                                                              {6, kCopy},  {7, kNode},       {9, kOpset},
                                                              {10, kCopy}, {11, kAttribute}, {13, kCopy}};
  static constexpr std::initializer_list<Rule> kOfPair = {{1, kCopy}, {2, kCopy}};
  static constexpr std::initializer_list<Rule> kOfValueInfo = {{1, kCopy}, {2, kType}};
  static constexpr std::initializer_list<Rule> kOfType = {{1, kTensorType}};
  static constexpr std::initializer_list<Rule> kOfTensorType = {{1, kCopy}, {2, kShape}};
  static constexpr std::initializer_list<Rule> kOfShape = {{1, kDim}};
  switch (kind) {
    case kModel:
      return kOfModel;
    case kGraph:
      return kOfGraph;
    case kNode:
      return kOfNode;
    case kAttribute:
      return kOfAttribute;
    case kTensor:
      return kOfTensor;
    case kSparseTensor:
      return kOfSparseTensor;
    case kFunction:
      return kOfFunction;
    case kValueInfo:
      return kOfValueInfo;
    case kType:
      return kOfType;
    case kTensorType:
      return kOfTensorType;
    case kShape:
      return kOfShape;
    case kEntry:
    case kOpset:
    case kDim:
      return kOfPair;
    case kDrop:
    case kCopy:
    case kValues:
      break;
  }
  return kNone;
}

Kind kind_of(Kind parent, std::uint64_t field) {
  for (const Rule& rule : rules_of(parent)) {
    if (rule.field == field) return rule.kind;
  }
  return Kind::kDrop;
}

bool is_message(Kind kind) { return kind != Kind::kDrop && kind != Kind::kCopy && kind != Kind::kValues; }

// Wire types: https://protobuf.dev/programming-guides/encoding/
constexpr int kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5;
constexpr std::uint64_t kPlaceField = 20000;

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_tag(std::string& out, std::uint64_t field, int wire_type) {
  put_varint(out, (field << 3) | static_cast<std::uint64_t>(wire_type));
}

/// A length that is known later takes five bytes, whatever it is; parsers accept leading zeros.
constexpr std::size_t kLengthBytes = 5;
void patch_length(std::string& out, std::size_t at) {
  std::size_t length = out.size() - at - kLengthBytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i, length >>= 7) {
    const std::size_t more = i + 1 < kLengthBytes ? 0x80 : 0;
    out[at + i] = static_cast<char>((length & 0x7f) | more);
  }
}

class Scanner {
 public:
  explicit Scanner(const ByteSource& file) : file_(file) {}

  std::string scan() {
    message(Kind::kModel, file_.size, 0);
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(std::string message) const {
    throw_input(file_.path, fmt::format("offset {}", position_), std::move(message));
  }

  void message(Kind kind, std::uint64_t end, int depth) {
    while (position_ < end) field(kind, end, depth);
  }

  void field(Kind parent, std::uint64_t end, int depth) {
    if (++fields_ > kMaxFields) fail(fmt::format("found more than {} fields beside the values of tensors", kMaxFields));
    const std::uint64_t tag = read_varint(end);
    const std::uint64_t number = tag >> 3;
    if (number == 0 || number >= (std::uint64_t{1} << 29)) fail("found a field without a number; not an ONNX model");
    const Kind kind = kind_of(parent, number);
    switch (static_cast<int>(tag & 7)) {
      case kVarint: {
        const std::uint64_t value = read_varint(end);
        if (kind == Kind::kCopy) {
          put_tag(out_, number, kVarint);
          put_varint(out_, value);
        }
        break;
      }
      case kFixed64:
        return fixed(kind, number, kFixed64, 8, end);
      case kFixed32:
        return fixed(kind, number, kFixed32, 4, end);
      case kBytes:
        return bytes(kind, number, end, depth);
      default:
        fail(fmt::format("found wire type {}, expected 0, 1, 2 or 5; not an ONNX model", tag & 7));
    }
  }

  void fixed(Kind kind, std::uint64_t number, int wire_type, std::uint64_t width, std::uint64_t end) {
    if (width > end - position_) fail("the message ends inside a number: perhaps an incomplete download");
    if (kind == Kind::kDrop) {
      position_ += width;
      return;
    }
    put_tag(out_, number, wire_type);
    copy(width);
  }

  void bytes(Kind kind, std::uint64_t number, std::uint64_t end, int depth) {
    const std::uint64_t length = read_varint(end);
    if (length > end - position_) {
      fail(fmt::format("found a field of {} bytes where {} are left: perhaps an incomplete download", length,
                       end - position_));
    }
    const std::uint64_t stop = position_ + length;
    if (is_message(kind)) return nested(kind, number, stop, depth);
    if (kind == Kind::kCopy || (kind == Kind::kValues && length <= kInlineBytes)) {
      put_tag(out_, number, kBytes);
      put_varint(out_, length);
      copy(length);
    } else if (kind == Kind::kValues) {
      place(position_, length);
    }
    position_ = stop;
  }

  void nested(Kind kind, std::uint64_t number, std::uint64_t stop, int depth) {
    if (++messages_ > kMaxMessages) fail(fmt::format("found more than {} messages", kMaxMessages));
    if (kind == Kind::kGraph && ++depth > kMaxSubgraphDepth) {
      fail(fmt::format("found subgraphs nested deeper than {}", kMaxSubgraphDepth));
    }
    put_tag(out_, number, kBytes);
    const std::size_t at = out_.size();
    out_.append(kLengthBytes, '\0');
    message(kind, stop, depth);
    patch_length(out_, at);
  }

  void place(std::uint64_t offset, std::uint64_t length) {
    std::string inner;
    put_tag(inner, 1, kVarint);
    put_varint(inner, offset);
    put_tag(inner, 2, kVarint);
    put_varint(inner, length);
    put_tag(out_, kPlaceField, kBytes);
    put_varint(out_, inner.size());
    out_ += inner;
  }

  void copy(std::uint64_t count) {
    if (count > kMaxSkeletonBytes - std::min<std::uint64_t>(kMaxSkeletonBytes, out_.size())) {
      fail(fmt::format("found more than {} MiB beside the values of tensors", kMaxSkeletonBytes >> 20));
    }
    while (count > 0) {
      if (position_ < piece_start_ || position_ >= piece_start_ + piece_.size()) refill();
      const auto at = static_cast<std::size_t>(position_ - piece_start_);
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, piece_.size() - at));
      out_.append(reinterpret_cast<const char*>(piece_.data() + at), part);
      position_ += part;
      count -= part;
    }
  }

  std::uint64_t read_varint(std::uint64_t end) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (position_ >= end) fail("the message ends inside a number: perhaps an incomplete download");
      if (position_ < piece_start_ || position_ >= piece_start_ + piece_.size()) refill();
      const auto byte = static_cast<unsigned char>(piece_[static_cast<std::size_t>(position_ - piece_start_)]);
      ++position_;
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    fail("found a number of more than ten bytes; not an ONNX model");
  }

  void refill() {
    piece_start_ = position_;
    piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, file_.size - position_)));
    file_.read(position_, piece_);
  }

  const ByteSource& file_;
  std::string out_;
  std::vector<std::byte> piece_;
  std::uint64_t piece_start_ = 0, position_ = 0;
  std::uint64_t messages_ = 0, fields_ = 0;
};

}  // namespace

std::string read_skeleton(const ByteSource& file) { return Scanner(file).scan(); }

}  // namespace kerf::formats::onnx
