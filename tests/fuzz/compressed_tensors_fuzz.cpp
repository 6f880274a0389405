// The compressed-tensors layout: a safetensors file whose metadata may hold the quantization_config under "config".
// What is accepted reads the same by rows and by codes, and can be written again.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "formats/safetensors/layouts/compressed_tensors.h"
#include "formats/safetensors/reader.h"
#include "tests/fuzz/memory_file.h"

namespace {

namespace layout = kerf::formats::safetensors::compressed_tensors;
using kerf::formats::safetensors::Reader;

constexpr std::string_view kConfig = R"({"format":"pack-quantized","config_groups":{
  "group_0":{"targets":["Linear"],"weights":{"num_bits":4,"group_size":8}},
  "group_1":{"targets":["Linear"],"weights":{"num_bits":4,"group_size":8,"symmetric":false}},
  "group_2":{"targets":["Linear"],"weights":{"num_bits":8,"strategy":"channel","symmetric":false}},
  "group_3":{"targets":["Linear"],"weights":{"num_bits":2,"strategy":"tensor","symmetric":false}}}})";

void check_source(const std::string& name, const kerf::graph::TensorSource& source) {
  const auto weight = source.read_quantized();
  const kerf::Tensor rows = source.read();
  if (!weight) return;
  std::vector<float> values(static_cast<std::size_t>(rows.size()));
  kerf::codec::dequantize_rows(*weight, 0, weight->rows, values.data());
  if (std::memcmp(values.data(), rows.raw(), rows.bytes()) != 0) std::abort();
  const auto tensors = layout::encode(name, *weight);
  if (tensors.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kerf::test::MemoryFile file(data, size);
  try {
    const Reader reader(file.path());
    const auto config = reader.header().metadata.find("config");
    const bool has_config = config != reader.header().metadata.end();
    const kerf::Json json = kerf::Json::parse(has_config ? config->second : kConfig, "fuzz.json");
    const kerf::JsonCursor cursor(json, "fuzz.json");
    for (const auto& [weight, quantizer] : layout::read_activations(cursor, reader.stored())) {
      float values[] = {1, -2, 0, 1e30F};
      quantizer->round(values, 1, 4);
    }
    for (const auto& [name, source] : layout::decode(cursor, reader.stored())) {
      try {
        check_source(name, *source);
      } catch (const kerf::Error&) {
        continue;  // values that are not finite, integers: only this tensor's
      }
    }
  } catch (const kerf::Error&) {
    return 0;
  }
  return 0;
}
