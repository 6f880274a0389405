#include "formats/impostor.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view start;
  std::string_view what;
};

constexpr std::string_view kHtml =
    "an HTML page, probably an error message saved by a download; download the file again";
constexpr std::string_view kXml = "an XML text, probably an error message saved by a download; download the file again";

/// By their first bytes, white space before a text apart.
constexpr std::array<Signature, 16> kSignatures = {{
    {"version https://git-lfs", "a Git LFS pointer, not the file it stands for; run 'git lfs pull'"},
    {"<!DOCTYPE", kHtml},
    {"<!doctype", kHtml},
    {"<html", kHtml},
    {"<HTML", kHtml},
    {"<?xml", kXml},
    {"PK\x03\x04", "a ZIP archive; unpack it first, unless it is a PyTorch checkpoint (.bin), which --allow-bin reads"},
    {"\x1f\x8b", "compressed by gzip; decompress it first (gunzip)"},
    {"BZh", "compressed by bzip2; decompress it first (bunzip2)"},
    {"\xfd"
     "7zXZ",
     "compressed by xz; decompress it first (unxz)"},
    {"\x28\xb5\x2f\xfd", "compressed by Zstandard; decompress it first (unzstd)"},
    {"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"},
    {"GGUF", "a GGUF file; give it a name that ends in .gguf"},
    {"\x89HDF", "an HDF5 file, probably of Keras; kerf reads safetensors"},
    {"\x80\x02", "a Python pickle, probably a PyTorch checkpoint (.bin), which --allow-bin reads"},
    {"\x93NUMPY", "a NumPy array; kerf reads safetensors"},
}};

bool is_tar(std::string_view start) {
  constexpr std::size_t kMagicOffset = 257;
  return start.size() > kMagicOffset && starts_with(start.substr(kMagicOffset), "ustar");
}

/// Room that a download reserved and did not fill.
bool is_zeros(std::string_view start) {
  constexpr std::size_t kEnough = 256;  // an empty header's length has eight
  return start.size() >= kEnough && std::all_of(start.begin(), start.end(), [](char c) { return c == '\0'; });
}

bool is_text(std::string_view start) {
  return !start.empty() && std::none_of(start.begin(), start.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f;
  });
}

}  // namespace

std::optional<std::string> describe_impostor(std::string_view start) {
  if (is_tar(start)) return "a tar archive; unpack it first (tar xf)";
  const auto first = start.find_first_not_of(" \t\r\n");
  const std::string_view text = first == std::string_view::npos ? start : start.substr(first);
  for (const Signature& signature : kSignatures) {
    if (starts_with(text, signature.start)) return std::string(signature.what);
  }
  return std::nullopt;
}

std::optional<std::string> describe_binary_impostor(std::string_view start) {
  if (auto known = describe_impostor(start)) return known;
  if (is_zeros(start)) return "filled with zeros: an unfinished download";
  if (!is_text(start)) return std::nullopt;
  return fmt::format("the text {}: no model, or an error message saved by a download in its place", quoted(start, 60));
}

std::string read_start(const InputFile& file) {
  std::string start(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kImpostorBytes)), '\0');
  file.read(0, std::as_writable_bytes(std::span(start)));
  return start;
}

Json read_json_object(const std::string& path, std::uint64_t limit_bytes) {
  const std::string text = read_file(path, limit_bytes);
  if (text.empty()) throw_input(path, "", "is empty, expected JSON (an unfinished download?)");
  Json json;
  try {
    json = Json::parse(text, path);
  } catch (const Error&) {
    const std::string_view start = std::string_view(text).substr(0, kImpostorBytes);
    const auto first = start.find_first_not_of(" \t\r\n");
    const bool begins_as_json = first != std::string_view::npos && (start[first] == '{' || start[first] == '[');
    const auto impostor = begins_as_json ? describe_impostor(start) : describe_binary_impostor(start);
    if (impostor) throw_input(path, "", fmt::format("is {}", *impostor));
    throw;
  }
  if (!json.is_object()) throw_input(path, "", fmt::format("holds {}, expected an object", json.kind()));
  return json;
}

}  // namespace kerf::formats
