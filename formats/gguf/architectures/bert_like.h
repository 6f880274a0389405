#pragma once

#include "formats/gguf/architectures/parts.h"

/// What the encoders of GGUF's bert architecture share.
namespace kerf::formats::gguf {

/// Keys after "bert." that write_encoder() and read_encoder() take care of.
std::vector<std::string_view> encoder_keys();
/// Says that attention is not causal and how many kinds of segments there are. Error(kUsage) for a head that llama.cpp
/// does not have.
void write_encoder(const description::Model& model, Metadata& metadata);
void read_encoder(const MetadataReader& metadata, const Container& container, Json& config);

/// The kinds of segments, which are no key of the architecture.
inline constexpr std::string_view kTokenTypeCountKey = "tokenizer.ggml.token_type_count";

}  // namespace kerf::formats::gguf
