#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "kerf/kerf.h"

#include "api/memory_use.h"
#include "api/open_model.h"
#include "api/rederive.h"
#include "api/session.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/strings.h"
#include "emit/description_check.h"
#include "emit/folding.h"
#include "emit/manifest.h"
#include "emit/tokenizer_check.h"
#include "emit/verdict.h"
#include "emit/weight_check.h"
#include "emit/weight_hash.h"
#include "emit/weight_names.h"
#include "quant/transform.h"

namespace kerf {
namespace {

using api::OpenModel;

void fail(Verification& result, const char* kind, const std::string& tensor, std::string text) {
  result.findings.push_back({true, kind, tensor, std::move(text)});
}

/// The candidate's files that stand for those of its manifest.
class ManifestFiles {
 public:
  /// Without a candidate they are beside the manifest.
  ManifestFiles(const emit::Manifest& manifest, const std::string& manifest_path, const std::string& candidate)
      : manifest_(manifest) {
    const bool inside = !candidate.empty() && is_directory(candidate);
    const std::string folder = inside ? candidate : parent_path(candidate.empty() ? manifest_path : candidate);
    for (const emit::FileHash& file : manifest.files) places_[file.name] = join_path(folder, file.name);
    if (candidate.empty() || inside || places_.contains(file_name(candidate))) return;
    // Renamed; what belongs to an output has its file's name, or, of a split file, no name of its own.
    const auto main = places_.find(manifest.name);
    if (main == places_.end()) {
      stranger_ = candidate;
    } else {
      main->second = candidate;
    }
  }

  void check(Verification& result) const {
    if (!stranger_.empty()) fail_file(result, fmt::format("{} is no file of the manifest", quoted_name(stranger_)));
    std::vector<const emit::FileHash*> expected;
    std::vector<std::string> present;
    for (const emit::FileHash& file : manifest_.files) {
      const std::string& place = places_.at(file.name);
      if (is_regular_file(place)) {
        expected.push_back(&file);
        present.push_back(place);
      } else {
        fail_file(result, fmt::format("{} of the manifest is not there", kerf::quoted(file.name)));
      }
    }
    const auto found = emit::hash_files(present);
    for (std::size_t i = 0; i < found.size(); ++i) compare(*expected[i], found[i], result);
  }

  /// Weights that come from elsewhere are not those that the manifest is about.
  void check_read(const std::vector<std::string>& tensor_files, Verification& result) const {
    for (const std::string& path : tensor_files) {
      const bool known = std::any_of(places_.begin(), places_.end(), [&](const auto& place) {
        std::error_code ignored;
        return std::filesystem::equivalent(place.second, path, ignored);
      });
      if (!known && path != stranger_)
        fail_file(result, fmt::format("{} has weights and is no file of the manifest", quoted_name(path)));
    }
  }

 private:
  static std::string quoted_name(const std::string& path) { return kerf::quoted(file_name(path)); }
  static void fail_file(Verification& result, std::string text) { fail(result, "file", "", std::move(text)); }

  static void compare(const emit::FileHash& expected, const emit::FileHash& found, Verification& result) {
    ++result.files_checked;
    if (found.bytes == expected.bytes && found.sha256 == expected.sha256) return;
    const std::string named =
        found.name == expected.name ? "the file" : fmt::format("the file {}", kerf::quoted(expected.name));
    const std::string differs = found.bytes == expected.bytes
                                    ? fmt::format("sha256 {}, there {}", found.sha256, expected.sha256)
                                    : fmt::format("{} bytes, there {}", found.bytes, expected.bytes);
    fail_file(result, fmt::format("{} is not {} of the manifest: {}", kerf::quoted(found.name), named, differs));
  }

  const emit::Manifest& manifest_;
  std::map<std::string, std::string> places_;  ///< by the manifest's name of the file
  std::string stranger_;                       ///< the candidate, if it stands for none
};

/// The transforms of a manifest's request that rewrote the whole model.
std::vector<std::string> rewrites_of(const emit::Manifest& manifest) {
  const Json* choice = manifest.request.find("choice");
  const Json* transforms = choice == nullptr ? nullptr : choice->find("transforms");
  std::vector<std::string> names;
  if (transforms == nullptr || !transforms->is_array()) return names;
  const auto& known = quant::transforms();
  for (const Json& name : transforms->as_array()) {
    const bool rewrites = name.is_string() && std::any_of(known.begin(), known.end(), [&](const auto* transform) {
                            return transform->name == name.as_string() && transform->rewrite != nullptr;
                          });
    if (rewrites) names.push_back(name.as_string());
  }
  return names;
}

bool holds_codes(const graph::Graph& graph) {
  const auto weights = graph.weights();
  return std::any_of(weights.begin(), weights.end(),
                     [&](graph::ValueId id) { return graph.value(id).weight.source->rounded_to().has_value(); });
}

/// The candidate's tensors beside those of the original.
class Weights {
 public:
  Weights(const OpenModel& original, const OpenModel& candidate, const std::optional<emit::Manifest>& manifest,
          const api::Session& session, Verification& result)
      : original_(original),
        candidate_(candidate),
        manifest_(manifest),
        session_(session),
        result_(result),
        names_(candidate.graph()),
        rewrites_(manifest ? rewrites_of(*manifest) : std::vector<std::string>{}) {}

  void check() {
    const auto weights = original_.graph().weights();
    for (const graph::ValueId id : weights) find(id);
    report_extra();
    session_.start("comparing", static_cast<std::int64_t>(weights.size()));
    if (rewritten()) {
      result_.notes.push_back(
          fmt::format("{} turned the weights, which cannot be compared with the original's one by one; what vouches "
                      "for them is the manifest",
                      join(rewrites_, ", ")));
      for (const auto& [id, source] : found_) check_measured(weight(id).name, *source);
    } else {
      compare(weights);
    }
    session_.finish();
    hint_at_another_model();
  }

 private:
  bool rewritten() const { return !rewrites_.empty(); }

  void compare(const std::vector<graph::ValueId>& weights) {
    const auto scalings = emit::find_scalings(original_.graph(), original_.walker().plan(), [&](graph::ValueId id) {
      const auto found = found_.find(id);
      return found == found_.end() ? nullptr : found->second;
    });
    for (const graph::ValueId id : weights) {
      const auto scaling = scalings.find(id);
      check_tensor(id, scaling == scalings.end() ? emit::Scaling{} : scaling->second);
      session_.step();
    }
  }

  /// Where nothing fits, no single finding is the point.
  void hint_at_another_model() {
    std::int64_t matrices = 0, failed = 0;
    for (const TensorVerification& tensor : result_.tensors) {
      if (tensor.shape.size() < 2) continue;
      ++matrices;
      if (!tensor.passed) ++failed;
    }
    if (failed > 0 && holds_codes(original_.graph()) && !holds_codes(candidate_.graph())) {
      result_.notes.push_back(
          "the first model is quantized and the second is not: the original is to be named first, then what was made "
          "from it");
      return;
    }
    if (2 * failed <= matrices || failed < 2) return;
    result_.notes.push_back(
        "most matrices differ: this is another model, or its weights were rotated (the transform rotate), which only "
        "its manifest can vouch for");
  }

  const graph::Weight& weight(graph::ValueId id) const { return original_.graph().value(id).weight; }

  const TensorPlan* planned(const std::string& name) const {
    if (!manifest_) return nullptr;
    const auto found = std::find_if(manifest_->tensors.begin(), manifest_->tensors.end(),
                                    [&](const TensorPlan& plan) { return plan.name == name; });
    return found == manifest_->tensors.end() ? nullptr : &*found;
  }

  void find(graph::ValueId id) {
    const graph::Weight& expected = weight(id);
    graph::SourcePtr source = names_.find(expected.name);
    // A head that the candidate ties to its embedding.
    if (source == nullptr && expected.role == graph::Role::kHead)
      source = by_role(candidate_.graph(), graph::Role::kEmbedding);
    if (source == nullptr) return fail(result_, "missing", expected.name, "is not there");
    if (source->shape() != expected.source->shape()) {
      const TensorPlan* plan = planned(expected.name);
      const bool known = plan != nullptr && plan->shape == source->shape();
      result_.findings.push_back(
          {!known, "shape", expected.name,
           fmt::format("has the shape {}, the original's is {}{}", to_string(source->shape()),
                       to_string(expected.source->shape()), known ? "; the manifest says so: units were pruned" : "")});
      if (known) check_measured(expected.name, *source);
      return;
    }
    found_.emplace(id, std::move(source));
  }

  static graph::SourcePtr by_role(const graph::Graph& graph, graph::Role role) {
    for (const graph::ValueId id : graph.weights()) {
      if (graph.value(id).weight.role == role) return graph.value(id).weight.source;
    }
    return nullptr;
  }

  void report_extra() {
    for (const std::string& name : names_.left_over()) {
      const auto ids = candidate_.graph().weights();
      const auto id = std::find_if(ids.begin(), ids.end(), [&](graph::ValueId one) {
        return candidate_.graph().value(one).weight.name == name;
      });
      const graph::Weight& extra = candidate_.graph().value(*id).weight;
      if (extra.role == graph::Role::kHead) {
        // The original's head is its embedding.
        const graph::SourcePtr embedding = by_role(original_.graph(), graph::Role::kEmbedding);
        if (rewritten()) {
          check_measured(extra.name, *extra.source);
          continue;
        }
        if (embedding != nullptr && embedding->shape() == extra.source->shape()) {
          check_values(extra.name, graph::Role::kHead, embedding, {}, *extra.source);
          continue;
        }
      }
      fail(result_, "extra", name, "is not in the original");
    }
  }

  void check_tensor(graph::ValueId id, const emit::Scaling& scaling) {
    const auto found = found_.find(id);
    if (found == found_.end()) return;
    const graph::Weight& expected = weight(id);
    check_values(expected.name, expected.role, expected.source, scaling, *found->second);
  }

  /// Of a weight that nothing of the original's corresponds to: finite, and what the manifest says was measured.
  void check_measured(const std::string& name, const graph::TensorSource& found) {
    try {
      check_hash(name, emit::weight_hash(found));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInput) throw;
      fail(result_, "not-finite", name, error.what());
    }
  }

  bool check_hash(const std::string& name, const std::string& hash) {
    const TensorPlan* plan = planned(name);
    if (plan == nullptr || plan->hash.empty() || plan->hash == hash) return true;
    fail(result_, "changed", name, "its values are not those that were measured, as the manifest has them");
    return false;
  }

  void check_values(const std::string& name, graph::Role role, const graph::SourcePtr& expected,
                    const emit::Scaling& scaling, const graph::TensorSource& found) {
    const emit::WeightFigures figures = emit::check_weight(expected, scaling, found);
    TensorVerification tensor;
    tensor.name = name;
    tensor.role = graph::role_name(role);
    tensor.scheme = found.stored_as();
    tensor.shape = found.shape();
    tensor.relative_error = figures.relative_error;
    tensor.rounding_error = figures.rounding_error;
    tensor.offset = figures.offset;
    tensor.worst_steps = figures.worst_steps;
    tensor.scaled = scaling.any();
    for (Finding& finding : emit::judge(tensor, figures)) {
      tensor.passed = tensor.passed && !finding.failure;
      result_.findings.push_back(std::move(finding));
    }
    const TensorPlan* plan = figures.unreadable.empty() ? planned(name) : nullptr;
    if (plan != nullptr && !check_hash(name, emit::weight_hash(found))) tensor.passed = false;
    result_.tensors.push_back(std::move(tensor));
  }

  const OpenModel& original_;
  const OpenModel& candidate_;
  const std::optional<emit::Manifest>& manifest_;
  const api::Session& session_;
  Verification& result_;
  const emit::WeightNames names_;
  const std::vector<std::string> rewrites_;  ///< transforms that left nothing to compare one by one
  std::map<graph::ValueId, graph::SourcePtr> found_;
};

/// Names of the original's tensors that the candidate's files do not have: opening it would name only the first.
bool find_missing(const OpenModel& original, const formats::Checkpoint& candidate, Verification& result) {
  if (candidate.imported != nullptr) return false;
  const emit::WeightNames names(candidate.tensors);
  bool missing = false;
  for (const graph::ValueId id : original.graph().weights()) {
    const graph::Weight& weight = original.graph().value(id).weight;
    if (weight.role == graph::Role::kHead || names.find(weight.name) != nullptr) continue;
    fail(result, "missing", weight.name, "is not there");
    missing = true;
  }
  return missing;
}

void check_tokenizers(const OpenModel& original, const OpenModel& candidate, Verification& result) {
  const auto a = api::find_tokenizer(original.checkpoint(), ""), b = api::find_tokenizer(candidate.checkpoint(), "");
  if (a == nullptr) return;
  if (b == nullptr) {
    result.findings.push_back({false, "tokenizer", "", "brings no tokenizer, the original does"});
    return;
  }
  for (Finding& finding : emit::compare_tokenizers(*a, *b, result.texts_checked)) {
    result.findings.push_back(std::move(finding));
  }
}

void check_models(const VerifyOptions& options, const std::optional<emit::Manifest>& manifest,
                  const std::optional<ManifestFiles>& files, const api::Session& session, Verification& result) {
  session.check(api::kProgramBytes);  // weights are read a few rows at a time
  const OpenModel original(options.original);
  const formats::Checkpoint opened =
      formats::open_checkpoint(options.candidate.path, {.allow_bin = options.candidate.allow_bin});
  if (files) files->check_read(opened.tensor_files, result);
  if (find_missing(original, opened, result)) return;
  const OpenModel candidate(options.candidate);
  if (original.checkpoint().imported == nullptr && candidate.checkpoint().imported == nullptr) {
    for (Finding& finding : emit::compare_descriptions(original.description(), candidate.description())) {
      const bool pruned = finding.failure && manifest && manifest->request.find("choice") != nullptr &&
                          manifest->request.find("choice")->find("prune") != nullptr;
      finding.failure = !pruned;
      result.findings.push_back(std::move(finding));
    }
  }
  Weights(original, candidate, manifest, session, result).check();
  check_tokenizers(original, candidate, result);
}

void finish(const api::Session& session, Verification& result) {
  std::stable_partition(result.findings.begin(), result.findings.end(),
                        [](const Finding& finding) { return finding.failure; });
  result.passed = result.findings.empty() || !result.findings.front().failure;
  result.seconds = session.seconds();
  result.peak_ram_bytes = peak_ram_bytes();
}

}  // namespace

Verification verify(const VerifyOptions& options, const Resources& resources) {
  const api::Session session(resources);
  Verification result;
  result.original = options.original.path;
  result.candidate = options.candidate.path;
  result.manifest = !options.manifest.empty()         ? options.manifest
                    : !options.candidate.path.empty() ? emit::find_manifest(options.candidate.path)
                                                      : "";
  std::optional<emit::Manifest> manifest;
  std::optional<ManifestFiles> files;
  if (!result.manifest.empty()) {
    manifest = emit::read_manifest(result.manifest);
    files.emplace(*manifest, result.manifest, options.candidate.path);
    // A candidate that does not exist is a mistake in its path, which opening it says.
    if (options.candidate.path.empty() || path_exists(options.candidate.path)) files->check(result);
  } else if (options.rederive) {
    throw_usage(options.candidate.path + ": has no manifest that it could be made again from");
  }
  const bool exposed = !result.findings.empty();
  if (!options.original.path.empty() && !options.candidate.path.empty()) {
    try {
      check_models(options, manifest, files, session, result);
    } catch (const Error& error) {
      // What the manifest has exposed need not be readable.
      if (!exposed || error.code() != ErrorCode::kInput) throw;
      fail(result, "unreadable", "", error.what());
    }
  } else if (!manifest) {
    throw_usage("verify needs the original and the candidate, or a manifest");
  }
  if (options.rederive) api::rederive(options, *manifest, result.manifest, resources, result);
  finish(session, result);
  return result;
}

}  // namespace kerf
