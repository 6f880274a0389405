#include "formats/impostor.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "formats/checkpoint.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats {
namespace {

using namespace std::string_literals;

std::string tar() {
  std::string bytes(512, '\0');
  return bytes.replace(257, 5, "ustar");
}

TEST(Impostor, IsCalledWhatItIs) {
  for (const auto& [start, what] :
       {std::pair("version https://git-lfs.github.com/spec/v1\n"s, "Git LFS pointer"),
        std::pair("\n <!doctype html>"s, "HTML page"), std::pair("<?xml version='1.0'?><Error/>"s, "XML text"),
        std::pair("PK\x03\x04"s, "ZIP archive"), std::pair("\x1f\x8b\x08\x00"s, "gzip"), std::pair("BZh9"s, "bzip2"),
        std::pair("\xfd\x37zXZ\x00"s, "xz"), std::pair("\x28\xb5\x2f\xfd"s, "Zstandard"),
        std::pair(tar(), "tar archive"), std::pair("\x89HDF\r\n"s, "HDF5"), std::pair("GGUF\x03"s, "GGUF file")}) {
    const auto found = describe_impostor(start);
    ASSERT_TRUE(found) << what;
    EXPECT_NE(found->find(what), std::string::npos) << *found;
  }
  EXPECT_FALSE(describe_impostor("{\"a\": 1}"));
  EXPECT_FALSE(describe_impostor(""));
}

/// What servers say when a model may not be downloaded.
TEST(Impostor, TextIsNoBinaryFile) {
  const auto found = describe_binary_impostor("Access to model org/x is restricted.");
  ASSERT_TRUE(found);
  EXPECT_NE(found->find("the text 'Access to model org/x is restricted.': no model, or an error message"),
            std::string::npos);
  EXPECT_TRUE(describe_binary_impostor("{\"error\":\"Repository not found\"}"));
  EXPECT_FALSE(describe_binary_impostor("abc\x01"));
  EXPECT_TRUE(describe_binary_impostor(std::string(512, '\0')));
  EXPECT_FALSE(describe_binary_impostor(""));
}

/// Whatever its name is, MODEL is told from a model.
TEST(Impostor, AModelOfTheWrongKindIsNamed) {
  const test::TempDir folder;
  for (const auto& [name, bytes, what] :
       {std::tuple("model.tar", tar(), "is a tar archive; unpack it first"),
        std::tuple("model.gz", "\x1f\x8b\x08"s, "gunzip"), std::tuple("model.zip", "PK\x03\x04zz"s, "is a ZIP archive"),
        std::tuple("model", "Not Found"s, "the text 'Not Found'"), std::tuple("model.safetensors", ""s, "is empty")}) {
    const std::string path = folder.write(name, bytes);
    folder.write("config.json", "{}");
    test::expect_error(ErrorCode::kInput, what, [&] { open_checkpoint(path); });
  }
}

}  // namespace
}  // namespace kerf::formats
