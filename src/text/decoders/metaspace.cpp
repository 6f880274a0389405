// Visible spaces back to spaces; those of the first token were put there.

#include "text/metaspace.h"

#include <memory>
#include <string>
#include <vector>

#include "text/decoder.h"
#include "text/word_cleanup.h"

namespace kerf::text {
namespace {

class Metaspace : public Decoder {
 public:
  explicit Metaspace(const JsonCursor& json) : options_(json) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      const bool drops = &token == tokens.data() && options_.prepend != MetaspaceOptions::Prepend::kNever;
      token = replace_all(token, options_.replacement, drops ? "" : " ");
    }
  }

 private:
  MetaspaceOptions options_;
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<Metaspace>(json); }

}  // namespace

const DecoderInfo& metaspace_decoder() {
  static const DecoderInfo info{"Metaspace", "visible spaces back to spaces", make};
  return info;
}

}  // namespace kerf::text
