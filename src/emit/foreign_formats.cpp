#include "emit/foreign_formats.h"

#include <array>

#include "core/strings.h"

namespace kerf::emit {
namespace {

constexpr auto kFormats = std::to_array<ForeignFormat>({
    {"tflite litert tensorflow-lite tensorflow", ".tflite", "TensorFlow Lite (LiteRT)",
     "Google's ai-edge-torch converts the original checkpoint; onnx2tf converts an .onnx file that kerf wrote"},
    {"exl2 exllama exllamav2", ".exl2", "EXL2",
     "exllamav2's own convert.py makes it from the original checkpoint; ExLlamaV2 also loads --format gptq with 4 "
     "bits"},
    {"exl3 exllamav3", ".exl3", "EXL3",
     "exllamav3's own convert.py makes it from the original checkpoint: its codes come from a search that is part of "
     "the format"},
    {"openvino ir", ".xml", "OpenVINO's IR",
     "OpenVINO reads the .onnx file of --onnx-kind qdq or static as it is, and its ovc makes IR of that"},
    {"coreml mlpackage mlmodel", ".mlpackage .mlmodel", "Core ML",
     "Apple's coremltools converts the original checkpoint from PyTorch"},
    {"tensorrt trt", ".engine .plan .trt", "TensorRT's engines",
     "trtexec builds one, on the machine that runs it, from the .onnx file of --onnx-kind qdq or static"},
    {"marlin", "", "Marlin", "vLLM repacks --format gptq, awq and compressed-tensors into it when it loads them"},
    {"pytorch torch", ".pt .pth .bin", "PyTorch's pickles",
     "a folder of safetensors, such as --format compressed-tensors, is what transformers loads"},
    {"safetensors", ".safetensors", "a lone file of safetensors",
     "it would not say how codes are packed; name a folder, with --format compressed-tensors, gptq, awq, mlx or bnb"},
});

/// The format for which `matches` holds of one word of `words`.
template <typename Matches>
const ForeignFormat* find(std::string_view ForeignFormat::*words, Matches matches) {
  for (const ForeignFormat& format : kFormats) {
    std::string_view rest = format.*words;
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      if (matches(word)) return &format;
      rest.remove_prefix(word.size() == rest.size() ? word.size() : word.size() + 1);
    }
  }
  return nullptr;
}

}  // namespace

std::span<const ForeignFormat> foreign_formats() { return kFormats; }

const ForeignFormat* foreign_format_named(std::string_view name) {
  return find(&ForeignFormat::names, [low = to_lower_ascii(name)](std::string_view word) { return word == low; });
}

const ForeignFormat* foreign_format_of(std::string_view path) {
  return find(&ForeignFormat::endings,
              [low = to_lower_ascii(path)](std::string_view word) { return ends_with(low, word); });
}

}  // namespace kerf::emit
