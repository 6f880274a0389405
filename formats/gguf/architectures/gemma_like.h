#pragma once

#include "formats/gguf/architectures/parts.h"

/// What Gemma's generations share.
namespace kerf::formats::gguf {

/// A norm of a layer that multiplies by 1 + w.
Rules plus_one_norm(const std::string& hugging_face, const std::string& gguf);
/// Embeddings, final norm, and a head where there is one.
Rules gemma_ends();
/// Norms before and after attention and feed-forward.
Rules sandwich_norms();

/// llama.cpp takes the scale of the scores from the sizes: Error(kUsage) if query_pre_attn_scalar says another.
/// `largest`: the number of layers of the generation's 27B model, which has a scale of its own.
void check_score_scale(const description::Model& model, std::int64_t largest);
/// The inverse: query_pre_attn_scalar.
void read_score_scale(std::int64_t largest, Json& config);

/// How often a layer sees everything: of each `period` layers the last one does. Error(kUsage) if layer_types are no
/// such pattern.
std::int64_t window_period(const description::Model& model, std::int64_t usual);
/// layer_types of a period.
Json layer_types(std::int64_t layers, std::int64_t period);

}  // namespace kerf::formats::gguf
