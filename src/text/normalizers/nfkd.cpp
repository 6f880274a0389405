// Unicode normalization form NFKD (UAX 15).

#include "text/normalizer.h"
#include "text/unicode_form.h"

namespace kerf::text {

const NormalizerInfo& nfkd_normalizer() {
  static const NormalizerInfo info{"NFKD", "Unicode's compatibility decomposition",
                                   UnicodeNormalizer<UnicodeForm::kNfkd>::make};
  return info;
}

}  // namespace kerf::text
