// An adapter: a safetensors file whose metadata may hold the adapter_config.json under "config", on a model of two
// matrices and an embedding that the head shares. What is merged can be read, row by row as well as whole.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "formats/lora/adapter.h"
#include "formats/safetensors/reader.h"
#include "tests/fuzz/memory_file.h"
#include "tests/support/temp_dir.h"

namespace {

namespace lora = kerf::formats::lora;
using kerf::Shape;

kerf::formats::Checkpoint make_base() {
  kerf::formats::Checkpoint base;
  base.config = kerf::Json::object();
  const auto add = [&](const char* name, Shape shape) {
    base.tensors.emplace(
        name, kerf::graph::make_memory_source(kerf::Tensor::zeros(kerf::DType::kF32, std::move(shape)), name));
  };
  add("model.embed.weight", {4, 3});
  add("model.q.weight", {2, 3});
  add("model.up.weight", {3, 2});
  add("model.q.bias", {2});
  return base;
}

void check_source(const kerf::graph::TensorSource& source) {
  const kerf::Tensor all = source.read();
  std::vector<float> row(static_cast<std::size_t>(source.row_size()));
  for (std::int64_t r = 0; r < source.rows(); ++r) {
    source.read_rows(r, 1, row.data());
    if (std::memcmp(row.data(), all.data<float>() + r * source.row_size(), row.size() * sizeof(float)) != 0)
      std::abort();
  }
}

/// The file, linked into a folder under the name that an adapter has.
void merge(const kerf::test::MemoryFile& file) {
  static const kerf::test::TempDir folder;
  const std::string config = folder / "adapter_config.json", tensors = folder / "adapter_model.safetensors";
  ::unlink(tensors.c_str());
  std::filesystem::create_symlink(file.path(), tensors);
  const kerf::formats::safetensors::Reader reader(tensors);
  const auto own = reader.header().metadata.find("config");
  folder.write("adapter_config.json",
               own != reader.header().metadata.end() ? own->second : R"({"peft_type":"LORA","r":1,"lora_alpha":2})");
  kerf::formats::Checkpoint checkpoint = make_base();
  lora::Base base;
  base.transposed = {"model.up.weight"};
  base.shared_embedding = "model.embed.weight";
  base.head = "lm_head.weight";
  base.matches = [](const kerf::JsonCursor&, const std::string&, const std::string&) { return false; };
  lora::merge_adapter(folder.path(), 1, base, checkpoint);
  for (const auto& [name, source] : checkpoint.tensors) check_source(*source);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    merge(kerf::test::MemoryFile(data, size));
  } catch (const kerf::Error&) {
    return 0;
  }
  return 0;
}
