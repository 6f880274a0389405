#include "api/request.h"

#include <limits>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "core/json_strings.h"

namespace kerf::api {
namespace {

/// The fields of each structure, once for both directions.
template <typename Fields>
void visit(Fields& fields, Adapter& adapter) {
  fields("folder", adapter.folder);
  fields("weight", adapter.weight);
}

template <typename Fields>
void visit(Fields& fields, ModelInput& model) {
  fields("path", model.path);
  fields("family", model.family);
  fields("allow_bin", model.allow_bin);
  fields("adapters", model.adapters);
}

template <typename Fields>
void visit(Fields& fields, OutputRequest& output) {
  fields("path", output.path);
  fields("format", output.format);
  fields("options", output.options);
}

template <typename Fields>
void visit(Fields& fields, TextInput& text) {
  fields("files", text.files);
  fields("tokens_file", text.tokens_file);
  fields("tokenizer", text.tokenizer);
  fields("mask_token", text.mask_token);
  fields("chat", text.chat);
  fields("chat_template", text.chat_template);
}

template <typename Fields>
void visit(Fields& fields, CalibrationOptions& calibration) {
  fields("text", calibration.text);
  fields("context", calibration.context);
  fields("samples", calibration.samples);
  fields("seed", calibration.seed);
  fields("held_out", calibration.held_out);
}

template <typename Fields>
void visit(Fields& fields, QuantizationChoice& choice) {
  fields("scheme", choice.scheme);
  fields("method", choice.method);
  fields("transforms", choice.transforms);
  fields("prune", choice.prune);
  fields("embedding", choice.embedding);
  fields("head", choice.head);
  fields("activations", choice.activations);
  fields("activation_range", choice.activation_range);
  fields("scale_dtype", choice.scale_dtype);
  fields("recipe", choice.recipe);
  fields("recipe_text", choice.recipe_text);
  fields("max_fallback", choice.max_fallback);
  fields("keep", choice.keep);
  fields("damping", choice.damping);
  fields("sequential", choice.sequential);
  fields("act_order", choice.act_order);
  fields("steps", choice.steps);
  fields("polish", choice.polish);
  fields("teacher", choice.teacher);
}

template <typename Fields>
void visit(Fields& fields, QuantizeOptions& options) {
  fields("model", options.model);
  fields("outputs", options.outputs);
  fields("choice", options.choice);
  fields("calibration", options.calibration);
  fields("allow_requantize", options.allow_requantize);
  fields("name", options.name);
}

using Options = std::map<std::string, std::string, std::less<>>;

// NOLINTBEGIN(misc-no-recursion): structures within structures, as deep as the types are.
template <typename T>
Json write(const T& value);

class Writer {
 public:
  template <typename T>
  void operator()(const char* name, T& value) {
    Json json = write(value);
    if (json.is_array() && json.as_array().empty()) return;
    if (json.is_object() && json.as_object().size() == 0) return;
    if (json.is_string() && json.as_string().empty()) return;
    object.set(name, std::move(json));
  }
  Json::Object object;
};

template <typename T>
Json write(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return utf8_text(value);
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double>) {
    return value;
  } else if constexpr (std::is_unsigned_v<T>) {
    return static_cast<std::uint64_t>(value);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::is_same_v<T, Options>) {
    Json::Object object;
    for (const auto& [name, text] : value) object.set(name, utf8_text(text));
    return object;
  } else if constexpr (requires { value.front(); }) {
    Json::Array list;
    for (const auto& item : value) list.push_back(write(item));
    return list;
  } else {
    Writer writer;
    T copy = value;
    visit(writer, copy);
    return std::move(writer.object);
  }
}

template <typename T>
void read(const JsonCursor& json, T& value);

class Reader {
 public:
  explicit Reader(const JsonCursor& object) : object_(object) { object.as_object(); }
  template <typename T>
  void operator()(const char* name, T& value) {
    known_.insert(name);
    if (const auto json = object_.get(name)) read(*json, value);
  }
  void finish() const {
    for (const auto& [key, value] : object_.as_object()) {
      if (!known_.contains(key)) object_.at(key).fail("is unknown to this version of kerf");
    }
  }

 private:
  const JsonCursor& object_;
  std::set<std::string, std::less<>> known_;
};

template <typename T>
void read(const JsonCursor& json, T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = json.as_string();
  } else if constexpr (std::is_same_v<T, bool>) {
    value = json.as_bool();
  } else if constexpr (std::is_same_v<T, double>) {
    value = json.as_double();
  } else if constexpr (std::is_unsigned_v<T>) {
    value = json.as_uint64();
  } else if constexpr (std::is_integral_v<T>) {
    value = static_cast<T>(json.as_int64_in(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  } else if constexpr (std::is_same_v<T, Options>) {
    for (const auto& [name, text] : json.as_object()) value[name] = json.at(name).as_string();
  } else if constexpr (requires { value.front(); }) {
    for (std::size_t i = 0; i < json.as_array().size(); ++i) read(json.at(i), value.emplace_back());
  } else {
    Reader reader(json);
    visit(reader, value);
    reader.finish();
  }
}
// NOLINTEND(misc-no-recursion)

}  // namespace

Json request_json(const QuantizeOptions& options) { return write(options); }

QuantizeOptions read_request(const JsonCursor& request) {
  QuantizeOptions options;
  read(request, options);
  return options;
}

}  // namespace kerf::api
