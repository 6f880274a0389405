#pragma once

#include <string>

namespace kerf::test {

/** The folder of the sources, where golden files and examples are. A function, so that no other file's compilation
 *  depends on where the sources lie: a compiler cache then serves every checkout. */
std::string source_dir();

}  // namespace kerf::test
