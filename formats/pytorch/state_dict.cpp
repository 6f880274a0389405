#include "formats/pytorch/state_dict.h"

#include <array>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"

namespace kerf::formats::pytorch {
namespace {

using Kind = Value::Kind;

bool is_dict(const Value& value) { return value.is(Kind::kDict) || value.is_call(Meaning::kOrderedDict); }

bool is_tensor(const Value& value) {
  return value.is_call(Meaning::kRebuildTensor) || value.is_call(Meaning::kRebuildTensorOfDtype) ||
         value.is_call(Meaning::kRebuildParameter);
}

/// Reads one tensor's value.
class TensorReader {
 public:
  TensorReader(const Pickle& pickle, const std::string& file, std::string_view name)
      : pickle_(pickle), file_(file), name_(name) {}

  TensorView read(Value value) const {
    // A parameter is a tensor and a few flags.
    while (value.is_call(Meaning::kRebuildParameter)) value = argument(value, 0);
    if (!is_tensor(value)) fail(fmt::format("found {}, expected a tensor", value.kind_name()));
    constexpr std::size_t kStorage = 0, kOffset = 1, kSizes = 2, kStrides = 3, kDtype = 6;
    TensorView view;
    view.name = name_;
    read_storage(argument(value, kStorage), view);
    const std::int64_t base = std::exchange(view.offset, 0);
    view.offset = sum(base, natural(argument(value, kOffset), "an offset"));
    view.shape = naturals(argument(value, kSizes), "sizes");
    view.strides = naturals(argument(value, kStrides), "strides");
    if (view.shape.size() != view.strides.size()) {
      fail(fmt::format("found {} sizes and {} strides", view.shape.size(), view.strides.size()));
    }
    if (value.is_call(Meaning::kRebuildTensorOfDtype)) {
      const Value& dtype = argument(value, kDtype);
      if (!dtype.is(Kind::kGlobal) || dtype.global->meaning != Meaning::kDtype) fail("found no dtype");
      view.dtype = dtype.global->dtype;
    }
    return view;
  }

 private:
  [[noreturn]] void fail(std::string message) const {
    throw_input(file_, fmt::format("tensor {}", quoted(name_)), std::move(message));
  }

  const Value& argument(const Value& compound, std::size_t index) const {
    const auto items = pickle_.items(compound);
    if (index >= items.size()) fail(fmt::format("is described by {} values, expected more", items.size()));
    return items[index];
  }

  std::int64_t natural(const Value& value, std::string_view what) const {
    if (!value.is(Kind::kInteger) || value.integer < 0) {
      fail(fmt::format("found {} where {} should be",
                       value.is(Kind::kInteger) ? "a negative number" : value.kind_name(), what));
    }
    return value.integer;
  }

  std::int64_t sum(std::int64_t a, std::int64_t b) const {
    const auto total = checked_add(a, b);
    if (!total) fail("has an offset that overflows 64 bits");
    return *total;
  }

  Shape naturals(Value value, std::string_view what) const {
    if (value.is_call(Meaning::kSize)) value = argument(value, 0);
    if (!value.is(Kind::kTuple) && !value.is(Kind::kList)) {
      fail(fmt::format("found {} where {} should be", value.kind_name(), what));
    }
    const auto items = pickle_.items(value);
    if (items.size() > kMaxRank) fail(fmt::format("has {} dimensions, expected at most {}", items.size(), kMaxRank));
    Shape numbers;
    for (const Value& item : items) numbers.push_back(natural(item, what));
    return numbers;
  }

  /// ("storage", type, key, device, elements), in older files with what part of the storage is meant.
  void read_storage(const Value& value, TensorView& view) const {
    constexpr std::size_t kWhat = 0, kType = 1, kKey = 2, kElements = 4, kPart = 5;
    if (!value.is(Kind::kPersistent)) fail(fmt::format("found {} where a storage should be", value.kind_name()));
    const Value& description = argument(value, 0);
    if (!description.is(Kind::kTuple)) fail("found no description of a storage");
    const Value& what = argument(description, kWhat);
    const Value& type = argument(description, kType);
    const Value& key = argument(description, kKey);
    if (!what.is(Kind::kText) || what.text != "storage") fail("found something outside the pickle that is no storage");
    if (!type.is(Kind::kGlobal) || type.global->meaning != Meaning::kStorage) fail("found a storage without a type");
    if (!key.is(Kind::kText)) fail(fmt::format("found {} as the key of a storage", key.kind_name()));
    view.storage = key.text;
    view.dtype = type.global->dtype;
    view.storage_item = dtype_bytes(view.dtype);
    const auto bytes = checked_mul(natural(argument(description, kElements), "a number of elements"),
                                   static_cast<std::int64_t>(view.storage_item));
    if (!bytes) fail("has a storage whose size overflows 64 bits");
    view.storage_bytes = *bytes;
    if (pickle_.items(description).size() <= kPart || argument(description, kPart).is(Kind::kNone)) return;
    const Value& part = argument(description, kPart);
    if (!part.is(Kind::kTuple)) fail("found no description of a part of a storage");
    view.offset = natural(argument(part, 1), "the offset of a part");
  }

  const Pickle& pickle_;
  const std::string& file_;
  std::string_view name_;
};

/// Where training scripts put the weights.
constexpr std::string_view kAccepted = "state_dict";
constexpr std::array<std::string_view, 6> kOtherPlaces = {"model", "module",    "model_state_dict",
                                                          "net",   "generator", "ema"};

/// The value of a key of a dict; nullptr if there is none.
const Value* find(const Pickle& pickle, const Value& dict, std::string_view key) {
  const auto pairs = pickle.pairs(dict);
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    if (pairs[i].is(Kind::kText) && pairs[i].text == key) return &pairs[i + 1];
  }
  return nullptr;
}

/// The dict with the weights.
Value find_state(const Pickle& pickle, const std::string& file, std::vector<std::string>& notes) {
  const Value& root = pickle.root();
  if (!is_dict(root)) throw_input(file, "", fmt::format("holds {}, expected a dict of tensors", root.kind_name()));
  const Value* state = find(pickle, root, kAccepted);
  if (state != nullptr && is_dict(*state)) {
    const std::size_t others = pickle.pairs(root).size() / 2 - 1;
    if (others > 0) {
      notes.push_back(
          fmt::format("{} has {} more entries beside state_dict, which are left aside", file_name(file), others));
    }
    return *state;
  }
  for (const std::string_view key : kOtherPlaces) {
    const Value* other = find(pickle, root, key);
    if (other == nullptr || !is_dict(*other)) continue;
    throw_input(file, "",
                fmt::format("is a training checkpoint with its weights under {}; save that part alone, "
                            "torch.save(checkpoint['{}'], ...), and open it",
                            quoted(key), key));
  }
  return root;
}

}  // namespace

std::vector<TensorView> read_state_dict(const Pickle& pickle, const std::string& file,
                                        std::vector<std::string>& notes) {
  const Value state = find_state(pickle, file, notes);
  if (state.is(Kind::kCall) && !pickle.items(state).empty()) {
    throw_input(file, "", "was saved by Python 2; open it with PyTorch once and save it again");
  }
  std::vector<TensorView> tensors;
  std::set<std::string_view> names;
  const auto pairs = pickle.pairs(state);
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    if (!pairs[i].is(Kind::kText)) {
      throw_input(file, "", fmt::format("found {} as a name, expected a string", pairs[i].kind_name()));
    }
    if (!names.insert(pairs[i].text).second) {
      throw_input(file, fmt::format("tensor {}", quoted(pairs[i].text)), "is there twice");
    }
    tensors.push_back(TensorReader(pickle, file, pairs[i].text).read(pairs[i + 1]));
  }
  return tensors;
}

}  // namespace kerf::formats::pytorch
