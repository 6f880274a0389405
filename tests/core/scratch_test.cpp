#include "core/scratch.h"

#include <cstring>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/threads.h"
#include "tests/support/expect_error.h"
#include "tests/support/faults.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_setting.h"

namespace kerf {
namespace {

using test::expect_error;

std::string read_back(const ScratchFile& file, std::uint64_t offset, std::size_t bytes) {
  std::string text(bytes, '?');
  file.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

std::uint64_t put(ScratchFile& file, std::string_view text) {
  const std::uint64_t offset = file.allocate(text.size());
  file.write(offset, std::as_bytes(std::span(text)));
  return offset;
}

TEST(ScratchFile, KeepsEveryRangeAsItWasWritten) {
  const test::TempDir folder;
  ScratchFile file(folder.path());
  std::vector<std::pair<std::uint64_t, std::string>> ranges;
  for (std::size_t i = 0; i < 50; ++i) {
    const std::string text(1 + i * 37 % 300, static_cast<char>('A' + i % 26));
    ranges.emplace_back(put(file, text), text);
  }
  for (const auto& [offset, text] : ranges) EXPECT_EQ(read_back(file, offset, text.size()), text);
}

TEST(ScratchFile, FreedRangesAreUsedAgainForTheSameSizeOnly) {
  const test::TempDir folder;
  ScratchFile file(folder.path());
  const std::uint64_t first = put(file, "0123456789"), second = put(file, "abcdefghij");
  file.free(first, 10);
  EXPECT_NE(file.allocate(9), first);
  EXPECT_EQ(put(file, "9876543210"), first);
  EXPECT_NE(file.allocate(10), first);
  EXPECT_EQ(read_back(file, second, 10), "abcdefghij");
}

TEST(ScratchFile, HasNoNameAndNoUseNoFile) {
  const test::TempDir folder;
  ScratchFile file(folder.path());
  put(file, "x");
  EXPECT_THAT(list_directory(folder.path()), testing::IsEmpty());
  const ScratchFile unused(folder / "absent");  // made on first use
}

TEST(ScratchFile, AFolderThatCannotHoldItIsNamed) {
  const test::TempDir folder;
  ScratchFile file(folder / "absent");
  expect_error(ErrorCode::kMachine, "absent: no scratch file can be made here", [&] { file.allocate(1); });
}

TEST(ScratchFile, AWriteThatFailsIsTheMachinesError) {
  const test::TempDir folder;
  ScratchFile file(folder.path());
  const std::uint64_t offset = file.allocate(10000);
  const test::FileSizeLimit small(4096);
  const std::vector<std::byte> bytes(10000);
  expect_error(ErrorCode::kMachine, "writing a scratch file failed: File too large",
               [&] { file.write(offset, bytes); });
}

TEST(ScratchFile, OnAFullDiskTheFolderIsNamed) {
  const test::SmallDisk disk(64 << 10);
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  ScratchFile file(disk.path());
  const std::vector<std::byte> bytes(128 << 10);
  expect_error(ErrorCode::kMachine, disk.path() + ": writing a scratch file failed: No space left on device",
               [&] { file.write(file.allocate(bytes.size()), bytes); });
}

TEST(ScratchFile, WhatWasNeverWrittenCannotBeRead) {
  const test::TempDir folder;
  ScratchFile file(folder.path());
  const std::uint64_t offset = file.allocate(8);
  expect_error(ErrorCode::kMachine, "reading a scratch file failed", [&] { read_back(file, offset, 8); });
}

TEST(ScratchFile, ThreadsHaveRangesOfTheirOwn) {
  const test::TempDir folder;
  ScratchFile file(folder.path());
  const test::ThreadSetting threads(8);
  constexpr std::int64_t kRounds = 400;
  std::vector<char> same(kRounds, 0);
  parallel_for(kRounds, [&](std::int64_t i) {
    const std::string text(static_cast<std::size_t>(100 + i % 3), static_cast<char>('a' + i % 26));
    const std::uint64_t offset = put(file, text);
    same[static_cast<std::size_t>(i)] = read_back(file, offset, text.size()) == text;
    if (i % 2 == 0) file.free(offset, text.size());
  });
  EXPECT_THAT(same, testing::Each(1));
}

}  // namespace
}  // namespace kerf
