#include "emit/ending.h"

#include "core/file.h"
#include "core/strings.h"

namespace kerf::emit {

std::string ending_of(const std::string& path) {
  const std::string name = file_name(path);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) return "";
  const char first = name[dot + 1];
  const bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
  return letter ? to_lower_ascii(name.substr(dot)) : "";
}

}  // namespace kerf::emit
