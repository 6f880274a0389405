#include "text/masking.h"

#include "text/framing.h"

namespace kerf::text {

Windows masked_windows(const TokenStream& stream, std::int64_t context, std::int64_t limit, const ChooseRuns& choose) {
  const SpecialTokens& special = stream.special;
  std::int64_t text_ids = 0;
  const auto make = [&](std::int64_t number, std::span<const std::int64_t> ids, std::vector<Window>& windows) {
    std::vector<std::size_t> eligible;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!special.contains(ids[i])) eligible.push_back(i);
    }
    if (eligible.empty()) return;
    for (const MaskedRun& run : choose(number, std::ssize(eligible))) {
      Window& window = windows.emplace_back(Window{.ids = framed(special, ids), .cut = number});
      for (auto e = static_cast<std::size_t>(run.first); e < eligible.size();
           e += static_cast<std::size_t>(run.stride)) {
        const std::size_t position = special.before.size() + eligible[e];
        window.places.push_back({static_cast<std::int64_t>(position), window.ids[position]});
        window.ids[position] = *special.mask;
      }
      text_ids += std::ssize(ids);
    }
  };
  Windows result = framed_windows(stream, context, limit, make);
  if (text_ids > 0) result.masked_share = static_cast<double>(result.tokens_scored) / static_cast<double>(text_ids);
  return result;
}

std::string_view lacks_mask(const SpecialTokens& special) {
  if (special.mask) return "";
  return "the id of the mask token, which neither a tokenizer nor the configuration names; give it with --mask-token";
}

}  // namespace kerf::text
