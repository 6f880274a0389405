#include "api/provenance.h"

#include <set>

#include "api/request.h"
#include "core/file.h"
#include "formats/checkpoint.h"
#include "quant/presets.h"

namespace kerf::api {
namespace {

constexpr std::uint64_t kMaxRecipeBytes = std::uint64_t{1} << 20;

/// Regular files, each once, sorted.
class FileSet {
 public:
  void add(const std::string& path) {
    if (is_regular_file(path)) paths_.insert(path);
  }
  void add(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) add(path);
  }
  void add_folder(const std::string& folder) {
    for (const std::string& name : list_directory(folder)) add(join_path(folder, name));
  }
  std::vector<std::string> paths() const { return {paths_.begin(), paths_.end()}; }

 private:
  std::set<std::string> paths_;
};

std::string recipe_of(const QuantizationChoice& choice) {
  if (choice.recipe.empty()) return choice.recipe_text;
  return is_path_of_recipe(choice) ? read_file(choice.recipe, kMaxRecipeBytes) : recipe_text(choice.recipe);
}

void add_model(const formats::Checkpoint& checkpoint, FileSet& files) {
  files.add(checkpoint.tensor_files);
  files.add(checkpoint.config_file);
  files.add(checkpoint.carried_files);
  files.add(checkpoint.tokenizer.source_file);
  files.add(checkpoint.path);
}

}  // namespace

bool is_path_of_recipe(const QuantizationChoice& choice) {
  return quant::find_preset(choice.recipe) == nullptr && !choice.recipe.empty();
}

std::vector<emit::FileHash> source_hashes(const ModelInput& model) {
  FileSet files;
  add_model(formats::open_checkpoint(model.path, {.allow_bin = model.allow_bin}), files);
  for (const Adapter& adapter : model.adapters) files.add_folder(adapter.folder);
  return emit::hash_files(files.paths());
}

std::vector<emit::FileHash> calibration_hashes(const CalibrationOptions& calibration) {
  FileSet files;
  files.add(calibration.text.files);
  files.add(calibration.text.tokens_file);
  return emit::hash_files(files.paths());
}

emit::Manifest start_manifest(const QuantizeOptions& request, const QuantizeResult& result) {
  emit::Manifest manifest;
  manifest.version = version();
  manifest.build = build_info();
  manifest.chosen = result.chosen;
  manifest.request = request_json(request);
  manifest.recipe = recipe_of(request.choice);
  manifest.source = source_hashes(request.model);
  manifest.calibration = calibration_hashes(request.calibration);
  return manifest;
}

emit::Manifest finish_manifest(emit::Manifest manifest, const OutputRequest& request, const WrittenOutput& written,
                               const emit::Emission& emission) {
  manifest.name = file_name(request.path);
  manifest.format = written.format;
  manifest.options = request.options;
  manifest.files = emit::hash_files(emission.readable_files());
  manifest.bits_per_weight = written.bits_per_weight;
  manifest.weights_hash = written.weights_hash;
  return manifest;
}

}  // namespace kerf::api
