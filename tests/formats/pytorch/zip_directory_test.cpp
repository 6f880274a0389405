#include "formats/pytorch/zip_directory.h"

#include <string>

#include <gtest/gtest.h>

#include "formats/pytorch/zip_end.h"
#include "tests/formats/pytorch/torch_bytes.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::pytorch {
namespace {

using test::expect_error;
using test::zip_of;
using test::ZipItem;

ZipEntries read(const std::string& bytes) {
  const test::TempDir folder;
  return read_zip_directory(*InputFile::open(folder.write("a.bin", bytes)));
}

void expect_refused(const std::string& bytes, std::string_view part) {
  expect_error(ErrorCode::kInput, part, [&] { read(bytes); });
}

const ZipItem kOne{.name = "a/data.pkl", .data = "12345"}, kTwo{.name = "a/data/0", .data = "abc"};

TEST(ZipDirectory, FindsStoredEntries) {
  for (const bool zip64 : {false, true}) {
    const std::string bytes = zip_of({kOne, kTwo}, {.zip64 = zip64});
    const ZipEntries entries = read(bytes);
    ASSERT_EQ(entries.size(), 2U);
    const ZipEntry& entry = entries.at("a/data/0");
    EXPECT_EQ(bytes.substr(entry.offset, entry.bytes), "abc");
    EXPECT_EQ(entries.at("a/data.pkl").bytes, 5U);
  }
}

TEST(ZipDirectory, AcceptsACommentAndNoEntries) {
  EXPECT_EQ(read(zip_of({kOne}, {.comment = "PK\x05\x06 hello"})).size(), 1U);
  EXPECT_TRUE(read(zip_of({})).empty());
}

/// Sizes of more than 4 GiB are in an extra field: here a small one is, and so need not be created.
TEST(ZipDirectory, ReadsSizesOfZip64) {
  ZipItem item = kTwo;
  item.stored = 0xffffffff;
  ByteWriter extra;
  extra.write(std::uint16_t{0x4246});  // another kind of field, before it
  extra.write(std::uint16_t{2});
  extra.zeros(2);
  extra.write(std::uint16_t{1});
  extra.write(std::uint16_t{16});
  extra.write(std::uint64_t{3});
  extra.write(std::uint64_t{3});
  item.extra = extra.bytes();
  EXPECT_EQ(read(zip_of({item})).at("a/data/0").bytes, 3U);
  item.extra = extra.bytes().substr(0, 18);  // a length that goes beyond the field
  expect_refused(zip_of({item}), "truncated or corrupt");
  item.extra = extra.bytes().substr(0, 6);
  expect_refused(zip_of({item}), "entry 'a/data/0': has a size of more than 4 GiB, but no ZIP64 field");
}

TEST(ZipDirectory, TheEndSaysWhereTheDirectoryIs) {
  const test::TempDir folder;
  const auto file = InputFile::open(folder.write("a.bin", zip_of({kOne, kTwo}, {.zip64 = true})));
  const ZipEnd end = read_zip_end(*file);
  EXPECT_EQ(end.entries, 2U);
  EXPECT_EQ(read_bytes(*file, end.offset, 4), "PK\x01\x02");
}

TEST(ZipDirectory, RefusesWhatTorchDoesNotWrite) {
  ZipItem bad = kOne;
  bad.method = 8;
  expect_refused(zip_of({bad}), "entry 'a/data.pkl': is compressed (method 8");
  bad = kOne;
  bad.stored = 2;
  expect_refused(zip_of({bad}), "is compressed (method 0, 2 bytes of 5)");
  bad = kOne;
  bad.flags = 1;
  expect_refused(zip_of({bad}), "is encrypted");
  expect_refused(zip_of({kOne, kOne}), "entry 'a/data.pkl': is in the archive twice");
}

TEST(ZipDirectory, RefusesDirectoriesThatLie) {
  expect_refused(zip_of({kOne}, {.entries = 2}), "2 directory entries announced");
  expect_refused(zip_of({kOne, kTwo}, {.entries = 1}), "behind the last directory entry");
  expect_refused(zip_of({kOne}, {.bytes = 1000}), "beyond its own place");
  expect_refused(zip_of({kOne}, {.offset = 100000}), "beyond its own place");
  expect_refused(zip_of({kOne}, {.offset = 0}), "found no directory entry");
  expect_refused(zip_of({kOne}, {.entries = 1 << 30, .zip64 = true}), "announced");
  expect_refused(zip_of({kOne}, {.bytes = std::int64_t{1} << 62, .zip64 = true}), "beyond its own place");
  ZipItem bad = kTwo;
  bad.local_name = "a/data/1";
  expect_refused(zip_of({kOne, bad}), "entry 'a/data/0': has another name in its own header");
  bad = kTwo;
  bad.offset = 100000;
  expect_refused(zip_of({kOne, bad}), "entry 'a/data/0': is said to begin at byte 100000");
  bad.offset = 1;
  expect_refused(zip_of({kOne, bad}), "found no entry of the archive");
}

TEST(ZipDirectory, RefusesEntriesInEachOther) {
  // Entry a's data holds a whole entry b.
  const std::string inner = zip_of({kTwo}).substr(0, 30 + kTwo.name.size() + kTwo.data.size());
  ZipItem outer{.name = "a", .data = inner}, hidden = kTwo;
  hidden.offset = 31;
  expect_refused(zip_of({outer, hidden}), "entry 'a/data/0': begins inside 'a'");
}

TEST(ZipDirectory, NoTruncationIsAccepted) {
  for (const bool zip64 : {false, true}) {
    const std::string bytes = zip_of({kOne, kTwo}, {.zip64 = zip64});
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      SCOPED_TRACE(length);
      expect_refused(bytes.substr(0, length), "a.bin");
    }
  }
}

}  // namespace
}  // namespace kerf::formats::pytorch
