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

/// The scale w of a norm that multiplies by 1 + w, where the file holds 1 + w.
graph::SourcePtr make_minus_one_source(graph::SourcePtr source);
/// The w that is read when 1 + w is written as f32: as good as w itself to who adds 1 to it in f32.
graph::SourcePtr make_plus_minus_one_source(graph::SourcePtr source);
/// 1 + w.
graph::SourcePtr make_plus_one_source(graph::SourcePtr source);

/// Whether values of this type can be read.
bool is_readable(std::uint32_t ggml_type);

}  // namespace kerf::formats::gguf
