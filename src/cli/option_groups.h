#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "cli/progress_bar.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kerf::cli {

/// Options that several commands share: one class a subject. Each adds its options to a command when made, under a
/// heading of its own, and turns them into the library's structure when asked.

/// --threads, --max-ram, --scratch, --quiet.
class ResourceOptions {
 public:
  explicit ResourceOptions(CLI::App& app);
  /// Sets the number of threads too. The progress bar belongs to this object.
  Resources read();
  /// "limits: 2 threads, 14.2 GiB of memory ...": what read() came to, as a line.
  std::string limits_line() const;

 private:
  CLI::Option *threads_ = nullptr, *max_ram_ = nullptr, *scratch_ = nullptr, *quiet_ = nullptr;
  ProgressBar bar_;
  Resources resources_;
};

/// MODEL (or what `name` calls it), with --family and --allow-bin.
class ModelOptions {
 public:
  ModelOptions(CLI::App& app, const std::string& text, bool required = true, const std::string& name = "MODEL");
  bool given() const;
  /// The model that was named; usage error if none was.
  ModelInput read() const;
  /// Another model of the same command, read in the same way.
  ModelInput read_other(std::string path) const;

 private:
  CLI::Option *model_ = nullptr, *family_ = nullptr, *allow_bin_ = nullptr;
};

/// --lora, or an option like it for another model of the command.
class AdapterOption {
 public:
  AdapterOption(CLI::App& app, const std::string& name, const std::string& model);
  /// In the order given. "DIR=0.5" is a folder and its weight, unless a folder has that very name.
  std::vector<Adapter> read() const;

 private:
  const CLI::Option* adapters_ = nullptr;
};

/// --tokens, --tokenizer, --chat, --chat-template and --mask-token beside a repeatable option for files of text, named
/// by `files`.
class TextSource {
 public:
  TextSource() = default;
  TextSource(CLI::App& app, const std::string& files, const std::string& files_text);
  /// For a second text of the same command, with the tokenizer of the first: the files' option, and the same with
  /// "-tokens" behind it for ids.
  static TextSource second(CLI::App& app, const std::string& files, const std::string& files_text);
  bool given() const;
  TextInput read() const;
  /// What holds for every text of a command: the tokenizer and how it is asked.
  static void share(const TextInput& from, TextInput& to);

 private:
  CLI::Option* files_ = nullptr;
  CLI::Option* tokens_ = nullptr;
  CLI::Option* tokenizer_ = nullptr;
  CLI::Option* mask_token_ = nullptr;
  CLI::Option *chat_ = nullptr, *chat_template_ = nullptr;
};

/// --text, --tokens, --tokenizer, --mask-token, --protocol, --context, --stride, --windows, --kv-cache, --reverse-kl,
/// --margin.
class EvaluationGroup {
 public:
  explicit EvaluationGroup(CLI::App& app);
  /// Usage error without any text.
  EvaluationOptions read(const std::string& command) const;
  /// Was text or ids given?
  bool given() const { return text_.given(); }
  const CLI::Option* context() const { return context_; }

 private:
  TextSource text_;
  CLI::Option *protocol_ = nullptr, *context_ = nullptr, *windows_ = nullptr, *kv_cache_ = nullptr;
  CLI::Option *stride_ = nullptr, *reverse_kl_ = nullptr, *margin_ = nullptr;
};

/// --calibration, --samples, --seed, --held-out; --context, --tokens, --tokenizer and --mask-token too unless they
/// belong to another group of the command (`evaluation`): then --calibration-tokens.
class CalibrationGroup {
 public:
  explicit CalibrationGroup(CLI::App& app, const EvaluationGroup* evaluation = nullptr);
  bool given() const { return text_.given(); }
  CalibrationOptions read() const;

 private:
  TextSource text_;
  CLI::Option *samples_ = nullptr, *seed_ = nullptr, *held_out_ = nullptr;
  const CLI::Option* context_ = nullptr;
};

/// How weights are cut: the options that hold for every candidate, and those that choose one (--scheme, --method,
/// --transform, --prune, --recipe, --activations) if `with_scheme`.
class ChoiceGroup {
 public:
  ChoiceGroup(CLI::App& app, bool with_scheme);
  QuantizationChoice read() const;

 private:
  CLI::Option *scheme_ = nullptr, *method_ = nullptr, *transform_ = nullptr, *recipe_ = nullptr, *prune_ = nullptr;
  CLI::Option *activations_ = nullptr, *activation_range_ = nullptr;
  CLI::Option *embedding_ = nullptr, *head_ = nullptr, *scale_dtype_ = nullptr, *keep_ = nullptr;
  CLI::Option *damping_ = nullptr, *no_sequential_ = nullptr, *no_act_order_ = nullptr;
  CLI::Option *steps_ = nullptr, *polish_ = nullptr, *teacher_ = nullptr, *max_fallback_ = nullptr;
};

}  // namespace kerf::cli
