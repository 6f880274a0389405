#pragma once

#include <memory>

#include "core/file.h"
#include "formats/gguf/container.h"
#include "graph/tensor_source.h"

namespace kerf::formats::gguf {

/// A tensor of a GGUF file, read with pread when asked for. Types whose blocks this build knows (codec/block_codec.h)
/// give their codes; f32, f16, bf16 and f64 their values; of any other type only name, shape and bytes are known, and
/// reading it is Error(kInput). The shape is the container's: rows are the file's rows.
graph::SourcePtr make_gguf_source(std::shared_ptr<const InputFile> file, const TensorInfo& info);

/// Whether values of this type can be read.
bool is_readable(std::uint32_t ggml_type);

}  // namespace kerf::formats::gguf
