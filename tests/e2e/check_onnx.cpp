// check_onnx FILE...: the ONNX project's own checker, of the opset and format that Debian's has (17 and 8). One line
// for each file: "ok", "newer" for what it does not know, or what it says against the file, which makes the exit
// status 1.

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include <onnx/checker.h>

namespace {

constexpr int kNewestOpset = 17, kNewestFormat = 8;

bool is_newer(const ONNX_NAMESPACE::ModelProto& model) {
  if (model.ir_version() > kNewestFormat) return true;
  for (const auto& import : model.opset_import()) {
    if (import.domain().empty() && import.version() > kNewestOpset) return true;
  }
  return false;
}

std::string verdict(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ONNX_NAMESPACE::ModelProto model;
  if (!model.ParseFromString(bytes)) return "is no model";
  if (is_newer(model)) return "newer";
  try {
    // By its path: it looks for external data beside it.
    ONNX_NAMESPACE::checker::check_model(path);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "ok";
}

}  // namespace

int main(int count, char** arguments) {
  bool fine = true;
  for (int i = 1; i < count; ++i) {
    const std::string found = verdict(arguments[i]);
    std::printf("%s: %s\n", arguments[i], found.c_str());
    fine = fine && (found == "ok" || found == "newer");
  }
  return fine ? 0 : 1;
}
