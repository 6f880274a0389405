// Unicode normalization form NFKC (UAX 15).

#include "text/normalizer.h"
#include "text/unicode_form.h"

namespace kerf::text {

const NormalizerInfo& nfkc_normalizer() {
  static const NormalizerInfo info{"NFKC", "Unicode's compatibility composition",
                                   UnicodeNormalizer<UnicodeForm::kNfkc>::make};
  return info;
}

}  // namespace kerf::text
