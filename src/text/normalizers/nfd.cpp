// Unicode normalization form NFD (UAX 15).

#include "text/normalizer.h"
#include "text/unicode_form.h"

namespace kerf::text {

const NormalizerInfo& nfd_normalizer() {
  static const NormalizerInfo info{"NFD", "Unicode's canonical decomposition",
                                   UnicodeNormalizer<UnicodeForm::kNfd>::make};
  return info;
}

}  // namespace kerf::text
