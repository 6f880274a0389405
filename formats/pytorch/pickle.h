#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "formats/pytorch/globals.h"

namespace kerf::formats::pytorch {

/// The longest pickle that is read: the names and shapes of more than 100,000 tensors.
inline constexpr std::uint64_t kMaxPickleBytes = std::uint64_t{32} << 20;

/// One value of a pickle. Text lies in the pickle's bytes; what a compound holds is asked of the Pickle.
struct Value {
  enum class Kind : std::uint8_t {
    kNone,
    kBool,
    kInteger,
    kReal,  ///< its value is asked for by nobody
    kText,
    kBytes,
    kTuple,
    kList,
    kDict,
    kGlobal,
    kCall,        ///< a global with arguments: what PyTorch would build, described
    kPersistent,  ///< something outside the pickle: a storage
  };
  Kind kind = Kind::kNone;
  std::uint32_t node = 0;  ///< of compounds
  std::int64_t integer = 0;
  std::string_view text{};
  const Global* global = nullptr;  ///< of kGlobal, and of kCall what would be called

  bool is(Kind other) const { return kind == other; }
  bool is_call(Meaning meaning) const { return kind == Kind::kCall && global->meaning == meaning; }
  /// "an integer", "a tuple", for errors.
  std::string_view kind_name() const;
};

/// A Python pickle (protocols 2 to 5, as torch.save writes them) read as data: a fixed set of opcodes, and names out of
/// globals.cpp. Nothing is imported, called or executed; anything else is Error(kInput) naming the opcode or the name
/// and its offset. Memory is bounded by the pickle's size, depth costs nothing, and values may contain each other.
class Pickle {
 public:
  /// Reads one pickle, up to and including its end. The bytes must outlive this.
  explicit Pickle(ByteReader& bytes);

  const Value& root() const { return root_; }
  /// Elements of a tuple or list, arguments of a call, the only part of a persistent; keys and values of a dict in
  /// turn.
  std::span<const Value> items(const Value& compound) const { return nodes_[compound.node].items; }
  /// Keys and values in turn, of a dict or a call that builds one.
  std::span<const Value> pairs(const Value& dict) const;

 private:
  friend class PickleMachine;
  struct Node {
    std::vector<Value> items;
    std::vector<Value> pairs;  ///< of a call: what was set in its result
  };
  Value root_;
  std::vector<Node> nodes_;
};

}  // namespace kerf::formats::pytorch
