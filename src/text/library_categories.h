#pragma once

namespace kerf::text {

/// Categories of code points as Hugging Face's tokenizers library knows them: its tables are those of Unicode 8 (9 for
/// marks), and models were trained on that.

/// ASCII punctuation and symbols, and the categories P.
bool is_library_punctuation(char32_t code_point);
/// Cc, Cf and Co.
bool is_library_control(char32_t code_point);
/// Mn.
bool is_library_nonspacing(char32_t code_point);
/// M.
bool is_library_mark(char32_t code_point);

}  // namespace kerf::text
