// Unicode normalization form NFC (UAX 15).

#include "text/normalizer.h"
#include "text/unicode_form.h"

namespace kerf::text {

const NormalizerInfo& nfc_normalizer() {
  static const NormalizerInfo info{"NFC", "Unicode's canonical composition",
                                   UnicodeNormalizer<UnicodeForm::kNfc>::make};
  return info;
}

}  // namespace kerf::text
