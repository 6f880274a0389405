#include "report/next_tokens.h"

#include "core/strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {

Json next_tokens_json(const NextTokens& tokens) {
  Json::Array out;
  for (const auto& [text, probability] : tokens) {
    Json::Object token;
    token.set("text", utf8_text(text));
    token.set("probability", probability);
    out.emplace_back(std::move(token));
  }
  return out;
}

std::string next_tokens_text(const NextTokens& tokens) {
  Table table;
  table.column("probability", Table::Align::kRight).column("next token");
  for (const auto& [text, probability] : tokens) table.row({percent(probability), kerf::quoted(text)});
  return table.text();
}

}  // namespace kerf::report
