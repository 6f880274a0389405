// Every layout of quantized weights: a safetensors file whose metadata says which ("layout") and may hold its
// quantization_config ("config"). Rows read one by one are those of the whole, codes dequantize to them, and what a
// layout holds it can write.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/reader.h"
#include "tests/fuzz/memory_file.h"

namespace {

namespace st = kerf::formats::safetensors;

void check_rows(const kerf::graph::TensorSource& source, const kerf::Tensor& all) {
  std::vector<float> row(static_cast<std::size_t>(source.row_size()));
  for (std::int64_t r = 0; r < source.rows(); ++r) {
    source.read_rows(r, 1, row.data());
    if (std::memcmp(row.data(), all.data<float>() + r * source.row_size(), row.size() * sizeof(float)) != 0) {
      std::abort();
    }
  }
}

void check_source(const st::LayoutInfo& layout, const kerf::graph::TensorSource& source) {
  const kerf::Tensor all = source.read();
  check_rows(source, all);
  const auto weight = source.read_quantized();
  if (!weight) return;
  std::vector<float> values(static_cast<std::size_t>(all.size()));
  kerf::codec::dequantize_rows(*weight, 0, weight->rows, values.data());
  if (std::memcmp(values.data(), all.raw(), all.bytes()) != 0) std::abort();
  if (layout.encode == nullptr || layout.refusal(weight->scheme, weight->rows, weight->cols)) return;
  if (layout.encode("m", *weight, nullptr).empty()) std::abort();
}

std::string metadata_or(const st::Header& header, const std::string& key, std::string fallback) {
  const auto found = header.metadata.find(key);
  return found == header.metadata.end() ? std::move(fallback) : found->second;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kerf::test::MemoryFile file(data, size);
  try {
    const st::Reader reader(file.path());
    const st::LayoutInfo* layout = st::find_layout(metadata_or(reader.header(), "layout", "gptq"));
    if (layout == nullptr) return 0;
    const kerf::Json json = kerf::Json::parse(metadata_or(reader.header(), "config", "{}"), "fuzz.json");
    for (const auto& [name, source] : layout->decode(kerf::JsonCursor(json, "fuzz.json"), reader.stored())) {
      try {
        check_source(*layout, *source);
      } catch (const kerf::Error&) {
        continue;  // values that are not finite, integers: only this tensor's
      }
    }
  } catch (const kerf::Error&) {
    return 0;
  }
  return 0;
}
