#pragma once

#include <string>
#include <string_view>

// The generated code does not answer to our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#include "formats/onnx/onnx.pb.h"
#pragma GCC diagnostic pop

namespace kerf::formats::onnx {

/// The messages of formats/onnx/onnx.proto.
namespace proto = ::kerf::onnx;

/// Domains of operators: "ai.onnx" is another name of the default one.
inline constexpr std::string_view kDefaultDomain = "";
inline constexpr std::string_view kDefaultDomainName = "ai.onnx";
inline constexpr std::string_view kMicrosoftDomain = "com.microsoft";

inline std::string canonical_domain(std::string_view domain) {
  return std::string(domain == kDefaultDomainName ? kDefaultDomain : domain);
}

/// What kerf reads: versions of the format and of the default domain's operators.
inline constexpr std::int64_t kNewestIrVersion = 11;
inline constexpr std::int64_t kOldestOpset = 13, kNewestOpset = 23;

/// "FLOAT16", "INT4"; "dtype 99" for a number that the schema does not have.
std::string data_type_name(std::int32_t data_type);

}  // namespace kerf::formats::onnx
