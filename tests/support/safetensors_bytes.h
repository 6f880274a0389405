#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/shape.h"
#include "core/strings.h"
#include "tests/formats/safetensors/pieces.h"

namespace kerf::test {

struct TensorBytes {
  std::string name, dtype;  ///< "F32"
  Shape shape;
  std::string data;
};

/// A .safetensors file of these tensors, in this order.
inline std::string safetensors_bytes(const std::vector<TensorBytes>& tensors) {
  std::vector<std::string> entries;
  std::string data;
  for (const TensorBytes& tensor : tensors) {
    entries.push_back(fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", tensor.name,
                                  tensor.dtype, to_string(tensor.shape), data.size(),
                                  data.size() + tensor.data.size()));
    data += tensor.data;
  }
  return file_of("{" + join(entries, ",") + "}", data);
}

inline TensorBytes f32_tensor(std::string name, Shape shape, std::initializer_list<float> values) {
  return {std::move(name), "F32", std::move(shape), bytes_of<float>(values)};
}

}  // namespace kerf::test
