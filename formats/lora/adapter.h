#pragma once

#include <set>
#include <string>

#include "formats/checkpoint.h"
#include "formats/lora/config.h"

/// Low-rank adapters as peft saves them (https://github.com/huggingface/peft), merged into the tensors of a checkpoint.
namespace kerf::formats::lora {

/// What of a model its tensors do not say: learned from the graph that is made of it.
struct Base {
  std::set<std::string, std::less<>> transposed;  ///< matrices that are stored as [in, out]
  std::string shared_embedding;                   ///< the tensor that a tied head reads too; empty: no head is tied
  std::string head;                               ///< the tensor that a head of its own would be; empty: unknown
  RegexMatcher matches;                           ///< of the keys of rank_pattern and alpha_pattern
};

/// Adds weight * scaling * B A to the weights that the adapter in `folder` names, and puts the tensors that it holds
/// whole in the place of the model's. Headers are read; values when the sources are. Merged weights are f32, whatever
/// the base's dtype (low_rank_source.h).
///
/// A head that shares the embedding's weights gets its own (config.json then says so) if the adapter changes one of
/// the two, as peft computes it, unless the adapter's ensure_weight_tying keeps them together.
///
/// Error(kInput) naming the file and tensor: an adapter of another type, a tensor that fits nothing in the model, or is
/// of another shape; a `weight` other than 1 for what cannot be weighted: tensors that are replaced, DoRA.
/// Returns whether the tie was cut: for the next adapter there is none.
bool merge_adapter(const std::string& folder, double weight, const Base& base, Checkpoint& checkpoint);

}  // namespace kerf::formats::lora
