#include "core/file.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/threads.h"
#include "tests/support/expect_error.h"
#include "tests/support/faults.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_setting.h"

namespace kerf {
namespace {

using test::expect_error;
using test::TempDir;

std::string read_part(const InputFile& file, std::uint64_t offset, std::size_t count) {
  std::string text(count, '?');
  file.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(InputFile, ReadsExactlyThePartAskedFor) {
  const TempDir folder;
  const auto file = InputFile::open(folder.write("f", "0123456789"));
  EXPECT_EQ(file->size(), 10U);
  EXPECT_EQ(read_part(*file, 0, 10), "0123456789");
  EXPECT_EQ(read_part(*file, 3, 4), "3456");
  EXPECT_EQ(read_part(*file, 9, 1), "9");
  EXPECT_EQ(read_part(*file, 10, 0), "");
}

TEST(InputFile, ReadsPastTheEndAreErrorsWithTheOffset) {
  const TempDir folder;
  const auto file = InputFile::open(folder.write("f", "0123456789"));
  expect_error(ErrorCode::kInput, "/f: offset 9: 2 bytes wanted, the file has 10", [&] { read_part(*file, 9, 2); });
  expect_error(ErrorCode::kInput, "offset 11", [&] { read_part(*file, 11, 0); });
  expect_error(ErrorCode::kInput, "offset 18446744073709551615", [&] { read_part(*file, ~std::uint64_t{0}, 2); });
}

TEST(InputFile, RefusesWhatIsNoRegularFile) {
  const TempDir folder;
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  expect_error(ErrorCode::kInput, "is a directory", [&] { InputFile::open(folder.path()); });
  expect_error(ErrorCode::kInput, "fifo: is not a regular file", [&] { InputFile::open(folder / "fifo"); });
  expect_error(ErrorCode::kInput, "is not a regular file", [] { InputFile::open("/dev/zero"); });
}

TEST(InputFile, AWrongPathIsTheInputsFault) {
  const TempDir folder;
  const std::string file = folder.write("f", "");
  std::filesystem::create_symlink("loop", folder / "loop");
  for (const std::string& path : {folder / "absent", file + "/below", folder / "loop", std::string(5000, 'x')}) {
    expect_error(ErrorCode::kInput, "cannot be opened", [&] { InputFile::open(path); });
  }
  expect_error(ErrorCode::kInput, "zero byte", [&] { InputFile::open(std::string("a\0b", 3)); });
  expect_error(ErrorCode::kInput, "cannot be opened", [] { InputFile::open(""); });
}

TEST(InputFile, AForbiddenPathIsTheMachinesFault) {
  const TempDir folder;
  const std::string path = folder.write("secret", "x");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  const test::WithoutRoot nobody;
  expect_error(ErrorCode::kMachine, "cannot be opened: Permission denied", [&] { InputFile::open(path); });
}

TEST(InputFile, NamesOfOneFileHaveOneIdentity) {
  const TempDir folder;
  const std::string path = folder.write("f", "x");
  std::filesystem::create_symlink("f", folder / "soft");
  std::filesystem::create_hard_link(path, folder / "hard");
  const auto identity = InputFile::open(path)->identity();
  EXPECT_EQ(InputFile::open(folder / "soft")->identity(), identity);
  EXPECT_EQ(InputFile::open(folder / "hard")->identity(), identity);
  EXPECT_NE(InputFile::open(folder.write("other", "x"))->identity(), identity);
}

TEST(InputFile, AFileThatShrinksIsAnErrorNotASignal) {
  const TempDir folder;
  const std::string path = folder.write("f", std::string(10000, 'x'));
  const auto file = InputFile::open(path);
  std::filesystem::resize_file(path, 5000);
  EXPECT_EQ(read_part(*file, 4999, 1), "x");
  expect_error(ErrorCode::kInput, "offset 5000: the file became shorter", [&] { read_part(*file, 4000, 2000); });
  expect_error(ErrorCode::kInput, "/f: the file changed", [&] { file->check_unchanged(); });
}

TEST(InputFile, AFileRewrittenInItsOldSizeIsSeen) {
  const TempDir folder;
  const std::string path = folder.write("f", "before");
  const auto file = InputFile::open(path);
  EXPECT_NO_THROW(file->check_unchanged());
  const auto before = std::filesystem::last_write_time(path);
  folder.write("f", "after!");
  std::filesystem::last_write_time(path, before + std::chrono::nanoseconds(1));
  expect_error(ErrorCode::kInput, "the file changed while it was read", [&] { file->check_unchanged(); });
}

TEST(InputFile, ThreadsReadTheirPartsAtOnce) {
  constexpr std::size_t kPart = 1000, kParts = 64;
  std::string text;
  for (std::size_t i = 0; i < kPart * kParts; ++i) text += static_cast<char>('a' + i % 23);
  const TempDir folder;
  const auto file = InputFile::open(folder.write("f", text));
  std::string read(text.size(), '?');
  const test::ThreadSetting threads(8);
  parallel_for(kParts, [&](std::int64_t i) {
    const std::size_t at = static_cast<std::size_t>(i) * kPart;
    file->read(at, std::as_writable_bytes(std::span(read).subspan(at, kPart)));
  });
  EXPECT_EQ(read, text);
}

TEST(ReadFile, StopsAtTheLimit) {
  const TempDir folder;
  const std::string path = folder.write("f", "12345");
  EXPECT_EQ(read_file(path, 5), "12345");
  expect_error(ErrorCode::kInput, "f: 5 bytes, more than the 4", [&] { read_file(path, 4); });
  EXPECT_EQ(read_file(folder.write("empty", ""), 0), "");
}

TEST(Paths, AreWhatTheyAreCalled) {
  const TempDir folder;
  const std::string file = folder.write("f", "");
  std::filesystem::create_symlink("absent", folder / "dangling");
  EXPECT_TRUE(path_exists(file) && is_regular_file(file) && !is_directory(file));
  EXPECT_TRUE(path_exists(folder.path()) && !is_regular_file(folder.path()) && is_directory(folder.path()));
  EXPECT_FALSE(path_exists(folder / "dangling") || is_regular_file(folder / "dangling"));
}

TEST(Paths, NamesInAFolderAreSorted) {
  const TempDir folder;
  for (const char* name : {"b", "a", "B", ".hidden", "c/inside"}) folder.write(name, "");
  EXPECT_EQ(list_directory(folder.path()), (std::vector<std::string>{".hidden", "B", "a", "b", "c"}));
  expect_error(ErrorCode::kInput, "absent", [&] { list_directory(folder / "absent"); });
  expect_error(ErrorCode::kInput, "/a", [&] { list_directory(folder / "a"); });
}

TEST(Paths, AreJoinedAndTakenApart) {
  EXPECT_EQ(join_path("dir", "name"), "dir/name");
  EXPECT_EQ(join_path("dir/", "name"), "dir/name");
  EXPECT_EQ(join_path("/", "name"), "/name");
  EXPECT_EQ(join_path("", "name"), "name");
  EXPECT_EQ(parent_path("a/b/c"), "a/b");
  EXPECT_EQ(parent_path("a/b/"), "a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/"), "/");
  EXPECT_EQ(parent_path("a"), ".");
  EXPECT_EQ(file_name("a/b/c.txt"), "c.txt");
  EXPECT_EQ(file_name("a/b//"), "b");
  EXPECT_EQ(file_name("a"), "a");
}

TEST(RelativePath, StaysBelowItsFolder) {
  for (const char* path : {"a", "a/b.safetensors", "..a", "a..b/c", ".hidden", "a b"}) {
    EXPECT_NO_THROW(check_relative_path(path, "index.json", "weight_map")) << path;
  }
}

TEST(RelativePath, RefusalsNameFileAndPlace) {
  using namespace std::string_view_literals;
  for (const auto path : {""sv, "/etc/passwd"sv, ".."sv, "../a"sv, "a/../../b"sv, "a/.."sv, "a//b"sv, "a/"sv, "."sv,
                          "./a"sv, "a\\b"sv, "a\0b"sv, "\0"sv}) {
    expect_error(ErrorCode::kInput, "index.json: weight_map.x: file name",
                 [&] { check_relative_path(path, "index.json", "weight_map.x"); });
  }
}

}  // namespace
}  // namespace kerf
