#pragma once

namespace kerf::text {

/// The number that Hugging Face's tokenizers library reads where the shortest decimal form of `value` is written: its
/// JSON parser (serde_json without its option float_roundtrip) divides the digits by a power of ten, so that one number
/// in seven differs in the last bit. Sums of scores that would tie are decided by such bits. `value` is finite.
double library_number(double value);

}  // namespace kerf::text
