// Layouts of 8-bit floats: a safetensors file whose metadata may hold the quantization_config under "config". Rows read
// one by one are those of the whole.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/reader.h"
#include "tests/fuzz/memory_file.h"

namespace {

namespace st = kerf::formats::safetensors;

void check_source(const kerf::graph::TensorSource& source) {
  const kerf::Tensor all = source.read();
  std::vector<float> row(static_cast<std::size_t>(source.row_size()));
  for (std::int64_t r = 0; r < source.rows(); ++r) {
    source.read_rows(r, 1, row.data());
    if (std::memcmp(row.data(), all.data<float>() + r * source.row_size(), row.size() * sizeof(float)) != 0)
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kerf::test::MemoryFile file(data, size);
  try {
    const st::Reader reader(file.path());
    const auto config = reader.header().metadata.find("config");
    const bool has_config = config != reader.header().metadata.end();
    const kerf::Json json =
        kerf::Json::parse(has_config ? config->second : R"({"weight_block_size":[2,3]})", "fuzz.json");
    for (const auto& [name, source] :
         st::find_layout("fp8")->decode(kerf::JsonCursor(json, "fuzz.json"), reader.stored())) {
      try {
        check_source(*source);
      } catch (const kerf::Error&) {
        continue;  // values that are not finite, integers: only this tensor's
      }
    }
  } catch (const kerf::Error&) {
    return 0;
  }
  return 0;
}
