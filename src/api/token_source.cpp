#include "api/token_source.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/quantities.h"
#include "core/strings.h"
#include "formats/safetensors/reader.h"
#include "text/text_file.h"

namespace kerf::api {
namespace {

/// Rows of the i64 or i32 tensor in a .safetensors file of ids: "input_ids" if there are several.
std::vector<std::vector<std::int64_t>> read_token_tensor(const std::string& path) {
  const formats::safetensors::Reader reader(path);
  const auto& tensors = reader.header().tensors;
  if (tensors.empty()) throw_input(path, "", "holds no tensor of token ids");
  const std::string name = tensors.contains("input_ids") ? "input_ids" : tensors.begin()->first;
  const Tensor tensor = reader.read_tensor(name);
  if ((tensor.dtype() != DType::kI64 && tensor.dtype() != DType::kI32) || tensor.rank() < 1 || tensor.rank() > 2) {
    throw_input(path, quoted(name),
                fmt::format("found {} {}, expected i64 or i32 [tokens] or [rows, tokens]", dtype_name(tensor.dtype()),
                            to_string(tensor.shape())));
  }
  const std::int64_t width = tensor.shape().back(), rows = width == 0 ? 0 : tensor.size() / width;
  std::vector<std::vector<std::int64_t>> sequences;
  for (std::int64_t r = 0; r < rows; ++r) {
    auto& row = sequences.emplace_back();
    for (std::int64_t c = 0; c < width; ++c) {
      const std::int64_t at = r * width + c;
      row.push_back(tensor.dtype() == DType::kI64 ? tensor.data<std::int64_t>()[at] : tensor.data<std::int32_t>()[at]);
    }
  }
  return sequences;
}

void check_vocabulary(const OpenModel& model, const text::Tokenizer& tokenizer) {
  const std::int64_t rows = model.description().hyperparameters.vocab_size;
  if (tokenizer.vocab_size() <= rows) return;
  throw_input(model.path(), "tokenizer",
              fmt::format("has token ids up to {}, the model's embedding has rows 0 to {}", tokenizer.vocab_size() - 1,
                          rows - 1));
}

/// The class that a label names or numbers; `place` is "line 3: label".
std::int64_t class_of(const Json& label, const std::vector<std::string>& names, const std::string& file,
                      const std::string& place) {
  if (label.is_string()) {
    const auto found = std::find(names.begin(), names.end(), label.as_string());
    if (found != names.end()) return found - names.begin();
  } else if (label.is_integer() && label.as_double() >= 0 && label.as_double() < static_cast<double>(names.size())) {
    return label.as_int64();
  }
  constexpr std::size_t kShown = 20;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) shown.push_back(quoted(names[i]));
  throw_input(file, place,
              fmt::format("found {}, expected a class of the model: 0 to {}, or {}{}", quoted(label.dump()),
                          names.size() - 1, join(shown, ", "), names.size() > kShown ? ", ..." : ""));
}

}  // namespace

TokenSource::TokenSource(const OpenModel& model, const TextInput& input, std::string_view flag)
    : model_(model), input_(input) {
  const bool has_ids = !input.tokens_file.empty();
  if (!has_ids && input.files.empty()) {
    throw_usage(fmt::format("no text; give {} FILE, or token ids with --tokens", flag));
  }
  const description::Model& description = model.description();
  const bool causal = description.task == description::Task::kCausalLm;
  if (has_ids) {
    if (!causal) tokenizer_ = find_tokenizer(model.checkpoint(), input.tokenizer);
  } else {
    tokenizer_ = open_tokenizer(model.checkpoint(), input.tokenizer);
  }
  if (tokenizer_ != nullptr) check_vocabulary(model, *tokenizer_);
  if (input.chat && !has_ids) {
    chat_ = input.chat_template.empty() ? text::ChatTemplate::of(*tokenizer_)
                                        : text::ChatTemplate::from_file(input.chat_template, *tokenizer_);
  }
  if (!causal) {
    special_ = tokenizer_ != nullptr ? text::special_tokens(*tokenizer_) : text::special_tokens(description);
  }
  if (input.mask_token < 0) return;
  if (description.task != description::Task::kMaskedLm && description.task != description::Task::kFeatures) {
    notes_.push_back(fmt::format("--mask-token is not used: the model is a {}", task_name(description.task)));
  }
  if (input.mask_token >= description.hyperparameters.vocab_size) {
    throw_usage(fmt::format("--mask-token {}: the model has ids 0 to {}", input.mask_token,
                            description.hyperparameters.vocab_size - 1));
  }
  special_.set_mask(input.mask_token);
}

text::TokenStream TokenSource::read_ids() const {
  const auto sequences = ends_with(input_.tokens_file, ".safetensors") ? read_token_tensor(input_.tokens_file)
                                                                       : text::read_token_lines(input_.tokens_file);
  return text::token_stream(sequences, input_.tokens_file);
}

std::vector<std::int64_t> TokenSource::classes_of(const std::vector<text::Example>& examples) const {
  std::vector<std::int64_t> classes;
  for (const text::Example& example : examples) {
    const std::string& file = input_.files[example.file];
    const std::string place = fmt::format("line {}", example.line);
    if (example.label.is_null()) {
      if (!classes.empty()) throw_input(file, place, "has no label, as lines before it have");
      continue;
    }
    if (classes.empty() && &example != &examples.front()) {
      throw_input(file, place, "has a label, as lines before it have not");
    }
    classes.push_back(class_of(example.label, model_.description().labels, file, place + ": label"));
  }
  return classes;
}

text::ConversationReader TokenSource::conversation_reader() {
  if (!chat_) return {};
  return [this](const Json& line, const std::string& file, const std::string& place) {
    return chat_->render(line, file, place);
  };
}

text::TokenStream TokenSource::read_lines(bool labelled) {
  const text::Examples read = text::read_examples(input_.files, conversation_reader());
  notes_ = read.notes;
  blank_lines_ = read.blank;
  auto stream = text::encode_lines(*tokenizer_, read.examples, input_.files.front());
  if (labelled) stream.line_classes = classes_of(read.examples);
  return stream;
}

text::TokenStream TokenSource::read_text() {
  const text::Text read = text::read_text(input_.files);
  notes_ = read.notes;
  return text::encode_text(*tokenizer_, read.text, input_.files.front());
}

text::TokenStream TokenSource::read_documents() {
  const text::Examples read = text::read_documents(input_.files, conversation_reader());
  notes_ = read.notes;
  return text::encode_documents(*tokenizer_, read.examples, input_.files.front());
}

text::TokenStream TokenSource::read_conversations() {
  const text::Examples read = text::read_documents(input_.files, conversation_reader());
  notes_ = read.notes;
  return text::encode_conversations(*tokenizer_, read.examples, input_.files.front());
}

/// Thresholds beyond which a text and a tokenizer hardly belong together.
void TokenSource::note_what_was_read(const text::TokenStream& stream) {
  constexpr double kManyByteTokens = 0.01, kManyTokensPerWord = 4;
  if (stream.unknown > 0) {
    notes_.push_back(fmt::format("{} of {} characters are not in the vocabulary",
                                 with_commas(static_cast<std::uint64_t>(stream.unknown)),
                                 with_commas(static_cast<std::uint64_t>(stream.characters))));
  }
  const auto tokens = static_cast<double>(stream.ids.size());
  if (static_cast<double>(stream.byte_tokens) > kManyByteTokens * tokens) {
    notes_.push_back(
        fmt::format("{} of the tokens stand for single bytes: the vocabulary hardly has this text's characters",
                    percent_text(static_cast<double>(stream.byte_tokens) / tokens)));
  }
  if (stream.words > 0 && tokens > kManyTokensPerWord * static_cast<double>(stream.words)) {
    notes_.push_back(
        fmt::format("{:.1f} tokens a word: a text without spaces, or one that the tokenizer was not made for",
                    tokens / static_cast<double>(stream.words)));
  }
  if (!chat_) return;
  notes_.insert(notes_.end(), chat_->notes().begin(), chat_->notes().end());
  if (stream.conversations == 0) {
    notes_.push_back(fmt::format("{}: --chat changes nothing: no line has messages", input_.files.front()));
  }
}

text::TokenStream TokenSource::read(Lines lines) {
  text::TokenStream stream = !input_.tokens_file.empty()        ? read_ids()
                             : lines == Lines::kDocuments       ? read_documents()
                             : lines == Lines::kJoined && chat_ ? read_conversations()
                             : lines == Lines::kJoined          ? read_text()
                                                                : read_lines(lines == Lines::kLabelled);
  stream.special = special_;
  if (stream.characters > 0) note_what_was_read(stream);
  return stream;
}

}  // namespace kerf::api
