#include "formats/pytorch/pickle.h"

#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::pytorch {

using Kind = Value::Kind;

namespace {

/// Values, nodes and memo entries in all: about 100,000 tensors take four million.
constexpr std::size_t kMostValues = std::size_t{1} << 22;

/// Opcodes of Python's pickle module, by its names.
enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kReal = 'G',
  kInteger4 = 'J',
  kInteger1 = 'K',
  kInteger2 = 'M',
  kNone = 'N',
  kPersistent = 'Q',
  kReduce = 'R',
  kText4 = 'X',
  kBytes4 = 'B',
  kBytes1 = 'C',
  kString4 = 'T',
  kString1 = 'U',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kGet1 = 'h',
  kGet4 = 'j',
  kPut1 = 'q',
  kPut4 = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kProtocol = 0x80,
  kNewObject = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kTrue = 0x88,
  kFalse = 0x89,
  kLong1 = 0x8a,
  kText1 = 0x8c,
  kText8 = 0x8d,
  kBytes8 = 0x8e,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

std::string opcode_name(std::uint8_t opcode) {
  const char c = static_cast<char>(opcode);
  return opcode > ' ' && opcode < 0x7f ? fmt::format("'{}'", c) : fmt::format("0x{:02x}", opcode);
}

}  // namespace

std::string_view Value::kind_name() const {
  constexpr std::string_view kNames[] = {"None",     "a boolean", "an integer", "a real number",
                                         "a string", "bytes",     "a tuple",    "a list",
                                         "a dict",   "a name",    "an object",  "a storage"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::span<const Value> Pickle::pairs(const Value& dict) const {
  const Node& node = nodes_[dict.node];
  return dict.is(Kind::kCall) ? node.pairs : node.items;
}

/// The stack machine that a pickle is a program for.
class PickleMachine {
 public:
  PickleMachine(ByteReader& bytes, Pickle& result) : bytes_(bytes), nodes_(result.nodes_) {}

  Value run() {
    if (bytes_.read<std::uint8_t>("pickle") != kProtocol) bytes_.fail("found no pickle of protocol 2 or newer");
    const auto protocol = bytes_.read<std::uint8_t>("pickle protocol");
    if (protocol < 2 || protocol > 5) bytes_.fail(fmt::format("found pickle protocol {}, expected 2 to 5", protocol));
    for (;;) {
      const auto opcode = bytes_.read<std::uint8_t>("opcode");
      if (opcode == kStop) break;
      step(opcode);
    }
    const Value root = pop();
    if (!stack_.empty() || !marks_.empty()) bytes_.fail("ends with values that belong nowhere");
    return root;
  }

 private:
  void step(std::uint8_t opcode) {
    switch (opcode) {
      case kMark:
        count();
        marks_.push_back(stack_.size());
        break;
      case kNone:
        push({});
        break;
      case kTrue:
        push({.kind = Kind::kBool, .integer = 1});
        break;
      case kFalse:
        push({.kind = Kind::kBool});
        break;
      case kInteger1:
        push_integer(bytes_.read<std::uint8_t>("integer"));
        break;
      case kInteger2:
        push_integer(bytes_.read<std::uint16_t>("integer"));
        break;
      case kInteger4:
        push_integer(bytes_.read<std::int32_t>("integer"));
        break;
      case kLong1:
        push_long();
        break;
      case kReal:
        bytes_.take(sizeof(double), "real number");
        push({.kind = Kind::kReal});
        break;
      case kText1:
        push_text(bytes_.read<std::uint8_t>("length of a string"));
        break;
      case kText4:
        push_text(bytes_.read<std::uint32_t>("length of a string"));
        break;
      case kText8:
        push_text(bytes_.read<std::uint64_t>("length of a string"));
        break;
      case kString1:
        push_text(bytes_.read<std::uint8_t>("length of a string"));
        break;
      case kString4:
        push_text(bytes_.read<std::uint32_t>("length of a string"));
        break;
      case kBytes1:
        push_bytes(bytes_.read<std::uint8_t>("length of bytes"));
        break;
      case kBytes4:
        push_bytes(bytes_.read<std::uint32_t>("length of bytes"));
        break;
      case kBytes8:
        push_bytes(bytes_.read<std::uint64_t>("length of bytes"));
        break;
      case kEmptyTuple:
        push_node(Kind::kTuple, {});
        break;
      case kTuple1:
        push_node(Kind::kTuple, pop_last(1));
        break;
      case kTuple2:
        push_node(Kind::kTuple, pop_last(2));
        break;
      case kTuple3:
        push_node(Kind::kTuple, pop_last(3));
        break;
      case kTuple:
        push_node(Kind::kTuple, pop_marked());
        break;
      case kEmptyList:
        push_node(Kind::kList, {});
        break;
      case kEmptyDict:
        push_node(Kind::kDict, {});
        break;
      case kAppend:
        append(pop_last(1));
        break;
      case kAppends:
        append(pop_marked());
        break;
      case kSetItem:
        set_items(pop_last(2));
        break;
      case kSetItems:
        set_items(pop_marked());
        break;
      case kPut1:
        remember(bytes_.read<std::uint8_t>("memo index"));
        break;
      case kPut4:
        remember(bytes_.read<std::uint32_t>("memo index"));
        break;
      case kMemoize:
        remember(static_cast<std::uint32_t>(memo_.size()));
        break;
      case kGet1:
        recall(bytes_.read<std::uint8_t>("memo index"));
        break;
      case kGet4:
        recall(bytes_.read<std::uint32_t>("memo index"));
        break;
      case kFrame:
        bytes_.expect_items(bytes_.read<std::uint64_t>("length of a frame"), 1, "bytes of a frame");
        break;
      case kGlobal:
        push_named();
        break;
      case kStackGlobal:
        push_stack_global();
        break;
      case kPersistent:
        push_node(Kind::kPersistent, pop_last(1));
        break;
      case kReduce:
      case kNewObject:
        call();
        break;
      case kBuild:
        build();
        break;
      default:
        bytes_.fail(fmt::format("found the pickle opcode {}, which no checkpoint needs", opcode_name(opcode)));
    }
  }

  /// One more value, node or memo entry.
  void count() {
    if (++used_ > kMostValues) bytes_.fail(fmt::format("found more than {} values in a pickle", kMostValues));
  }

  void push(Value value) {
    count();
    stack_.push_back(value);
  }

  void push_integer(std::int64_t value) { push({.kind = Kind::kInteger, .integer = value}); }

  void push_text(std::uint64_t length) {
    const std::string_view text = bytes_.text(length, "string");
    if (find_invalid_utf8(text)) bytes_.fail(fmt::format("found the string {}, which is not UTF-8", quoted(text)));
    push({.kind = Kind::kText, .text = text});
  }

  void push_bytes(std::uint64_t length) { push({.kind = Kind::kBytes, .text = bytes_.text(length, "bytes")}); }

  void push_node(Kind kind, std::vector<Value> items, const Global* global = nullptr) {
    count();
    nodes_.push_back({std::move(items), {}});
    push({.kind = kind, .node = static_cast<std::uint32_t>(nodes_.size() - 1), .global = global});
  }

  std::size_t base() const { return marks_.empty() ? 0 : marks_.back(); }

  Value pop() { return pop_last(1).front(); }

  std::vector<Value> pop_last(std::size_t wanted) {
    if (stack_.size() - base() < wanted) bytes_.fail("takes a value where there is none");
    std::vector<Value> values(stack_.end() - static_cast<std::ptrdiff_t>(wanted), stack_.end());
    stack_.resize(stack_.size() - wanted);
    return values;
  }

  std::vector<Value> pop_marked() {
    if (marks_.empty()) bytes_.fail("takes values up to a mark where there is none");
    std::vector<Value> values = pop_last(stack_.size() - marks_.back());
    marks_.pop_back();
    return values;
  }

  /// The value that an opcode changes, which stays on the stack.
  const Value& top() {
    if (stack_.size() == base()) bytes_.fail("changes a value where there is none");
    return stack_.back();
  }

  void append(const std::vector<Value>& values) {
    const Value& list = top();
    if (!list.is(Kind::kList)) bytes_.fail(fmt::format("appends to {}, expected a list", list.kind_name()));
    add(nodes_[list.node].items, values);
  }

  void set_items(const std::vector<Value>& values) {
    const Value& dict = top();
    if (values.size() % 2 != 0) bytes_.fail("sets a key without a value");
    if (dict.is(Kind::kDict)) return add(nodes_[dict.node].items, values);
    if (!dict.is_call(Meaning::kOrderedDict)) {
      bytes_.fail(fmt::format("sets items of {}, expected a dict", dict.kind_name()));
    }
    add(nodes_[dict.node].pairs, values);
  }

  void add(std::vector<Value>& to, const std::vector<Value>& values) {
    to.insert(to.end(), values.begin(), values.end());
  }

  void remember(std::uint32_t index) {
    count();
    memo_.insert_or_assign(index, top());
  }

  void recall(std::uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) bytes_.fail(fmt::format("recalls value {}, which was never kept", index));
    push(found->second);
  }

  std::string_view read_line() {
    const std::size_t most = bytes_.remaining();
    ByteReader ahead = bytes_;
    const std::string_view rest = ahead.text(most, "name");
    const std::size_t length = rest.find('\n');
    if (length == std::string_view::npos) bytes_.fail("found a name that does not end");
    return bytes_.text(length + 1, "name").substr(0, length);
  }

  void push_global(std::string_view module, std::string_view name) {
    const Global* global = find_global(module, name);
    if (global == nullptr) {
      bytes_.fail(fmt::format("the pickle names {} {}, which is code and not data; kerf reads tensors only",
                              quoted(module), quoted(name)));
    }
    push({.kind = Kind::kGlobal, .global = global});
  }

  void push_named() {
    const std::string_view module = read_line();
    push_global(module, read_line());
  }

  void push_stack_global() {
    const std::vector<Value> names = pop_last(2);
    if (!names[0].is(Kind::kText) || !names[1].is(Kind::kText)) bytes_.fail("names something by other than strings");
    push_global(names[0].text, names[1].text);
  }

  /// Nothing is called: the value says what would be.
  void call() {
    const std::vector<Value> parts = pop_last(2);
    if (!parts[0].is(Kind::kGlobal) || !parts[1].is(Kind::kTuple)) {
      bytes_.fail(
          fmt::format("calls {} with {}, expected a name and a tuple", parts[0].kind_name(), parts[1].kind_name()));
    }
    if (parts[0].global->meaning == Meaning::kStorage || parts[0].global->meaning == Meaning::kDtype) {
      bytes_.fail(fmt::format("calls {}, expected it as it is", quoted(parts[0].global->name)));
    }
    Value result = parts[1];  // shares the arguments unless something may be added to it
    if (parts[0].global->meaning != Meaning::kOrderedDict) {
      result.kind = Kind::kCall;
      result.global = parts[0].global;
      return push(result);
    }
    push_node(Kind::kCall, nodes_[parts[1].node].items, parts[0].global);
  }

  /// Attributes of a dict or a tensor (a module's version numbers), which say nothing about weights.
  void build() {
    pop();
    const Value& target = top();
    if (!target.is(Kind::kCall)) bytes_.fail(fmt::format("gives attributes to {}", target.kind_name()));
  }

  /// A little-endian integer of any length. One of more than 64 bits, such as the magic number of older files, is its
  /// bytes.
  void push_long() {
    const std::string_view bytes = bytes_.text(bytes_.read<std::uint8_t>("length of an integer"), "integer");
    std::uint64_t value = 0;
    if (bytes.size() > sizeof(value)) return push({.kind = Kind::kBytes, .text = bytes});
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
    }
    const bool negative = !bytes.empty() && (bytes.back() & 0x80) != 0;
    if (negative && bytes.size() < sizeof(value)) value |= ~std::uint64_t{0} << 8 * bytes.size();
    push_integer(static_cast<std::int64_t>(value));
  }

  ByteReader& bytes_;
  std::vector<Pickle::Node>& nodes_;
  std::vector<Value> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, Value> memo_;
  std::size_t used_ = 0;
};

Pickle::Pickle(ByteReader& bytes) { root_ = PickleMachine(bytes, *this).run(); }

}  // namespace kerf::formats::pytorch
