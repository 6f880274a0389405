#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kerf::text::jinja {

enum class TokenKind {
  kData,
  kPrintBegin,
  kPrintEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kText,
  kInteger,
  kReal,
  kOperator,
  kEnd
};

struct Token {
  TokenKind kind;
  std::string text;  ///< of a string its value, of a number its digits without underscores
  int line = 1;
};

/// Cuts a template as Jinja does with trim_blocks and lstrip_blocks, which transformers sets: white space around tags
/// is gone, comments are left out. Ends with kEnd. Error(kInput) naming `file` and the line.
std::vector<Token> cut_template(std::string_view source, const std::string& file);

}  // namespace kerf::text::jinja
