#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "formats/onnx/byte_source.h"

namespace kerf::test {

/// A fuzzer's bytes as an ONNX file; what reads beyond them ends the run.
inline formats::onnx::ByteSourcePtr onnx_file(const std::uint8_t* data, std::size_t size) {
  formats::onnx::ByteSource source{"model.onnx", size, {}};
  source.read = [data, size](std::uint64_t offset, std::span<std::byte> into) {
    if (offset > size || into.size() > size - offset) std::abort();
    if (!into.empty()) std::memcpy(into.data(), data + offset, into.size());
  };
  return std::make_shared<const formats::onnx::ByteSource>(std::move(source));
}

}  // namespace kerf::test
