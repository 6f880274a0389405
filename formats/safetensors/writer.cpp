#include "formats/safetensors/writer.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/bytes.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/json.h"
#include "core/strings.h"
#include "formats/safetensors/header.h"

namespace kerf::formats::safetensors {
namespace {

constexpr std::uint64_t kDataAlignment = 8;

Json describe(const TensorPlan& tensor, std::uint64_t begin) {
  Json shape = Json::array();
  for (const std::int64_t dimension : tensor.shape) shape.push_back(Json(dimension));
  Json range = Json::array();
  range.push_back(Json(begin));
  range.push_back(Json(begin + tensor.bytes()));
  Json entry = Json::object();
  entry.set("dtype", Json(format_dtype_name(tensor.dtype)));
  entry.set("shape", std::move(shape));
  entry.set("data_offsets", std::move(range));
  return entry;
}

Json describe(const Metadata& metadata) {
  Json entries = Json::object();
  for (const auto& [key, value] : metadata) entries.set(key, Json(value));
  return entries;
}

std::uint64_t data_bytes(std::span<const TensorPlan> tensors) {
  std::uint64_t total = 0;
  for (const TensorPlan& tensor : tensors) {
    const auto sum = checked_add(total, tensor.bytes());
    if (!sum) throw_usage("a file of more than 2^64 bytes cannot be written");
    total = *sum;
  }
  return total;
}

}  // namespace

std::uint64_t TensorPlan::bytes() const {
  const auto elements = checked_numel(shape);
  const auto total =
      elements ? checked_mul(static_cast<std::uint64_t>(*elements), std::uint64_t{dtype_bytes(dtype)}) : std::nullopt;
  if (!total) throw_usage(fmt::format("tensor {} of shape {} is too large to write", quoted(name), to_string(shape)));
  return *total;
}

void sort_for_alignment(std::vector<TensorPlan>& tensors) {
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorPlan& a, const TensorPlan& b) {
    return dtype_bytes(a.dtype) > dtype_bytes(b.dtype);
  });
}

std::string make_header(std::span<const TensorPlan> tensors, const Metadata& metadata) {
  data_bytes(tensors);  // Offsets below fit.
  Json header = Json::object();
  header.set("__metadata__", describe(metadata));
  std::uint64_t begin = 0;
  for (const TensorPlan& tensor : tensors) {
    if (header.contains(tensor.name)) throw_usage(fmt::format("tensor {} would be written twice", quoted(tensor.name)));
    header.set(tensor.name, describe(tensor, begin));
    begin += tensor.bytes();
  }
  if (metadata.empty()) header.as_object().erase("__metadata__");
  std::string json = header.dump();
  json.resize(json.size() + (kDataAlignment - json.size() % kDataAlignment) % kDataAlignment, ' ');
  ByteWriter out;
  out.write<std::uint64_t>(json.size());
  out.text(json);
  return out.bytes();
}

std::uint64_t plan_bytes(std::span<const TensorPlan> tensors, const Metadata& metadata) {
  return make_header(tensors, metadata).size() + data_bytes(tensors);
}

Writer::Writer(OutputFile& out, std::vector<TensorPlan> tensors, const Metadata& metadata)
    : out_(out), tensors_(std::move(tensors)) {
  out_.write(make_header(tensors_, metadata));
  skip_complete();
}

void Writer::append(std::string_view name, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (complete()) throw_usage(fmt::format("tensor {} comes after the last planned one", quoted(name)));
  const TensorPlan& tensor = tensors_[current_];
  if (tensor.name != name) {
    throw_usage(fmt::format("tensor {} comes in place of {}", quoted(name), quoted(tensor.name)));
  }
  if (bytes.size() > tensor.bytes() - written_) {
    throw_usage(fmt::format("tensor {} has more than the {} bytes planned", quoted(name), tensor.bytes()));
  }
  out_.write(bytes);
  written_ += bytes.size();
  skip_complete();
}

void Writer::finish() const {
  if (!complete()) {
    const TensorPlan& tensor = tensors_[current_];
    throw_usage(fmt::format("tensor {} has {} of {} bytes", quoted(tensor.name), written_, tensor.bytes()));
  }
}

void Writer::skip_complete() {
  while (!complete() && written_ == tensors_[current_].bytes()) {
    ++current_;
    written_ = 0;
  }
}

}  // namespace kerf::formats::safetensors
