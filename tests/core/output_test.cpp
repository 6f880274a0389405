#include "core/output.h"

#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "tests/support/expect_error.h"
#include "tests/support/faults.h"
#include "tests/support/temp_dir.h"

namespace kerf {
namespace {

using test::expect_error;
using test::TempDir;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kLimit = 1 << 30;

std::string content(const std::string& path) { return read_file(path, kLimit); }

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777;
}

/// Files have this permission mask for as long as it lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

TEST(OutputFile, AppearsWithItsWholeContentOnCommit) {
  const TempDir folder;
  OutputFile file(folder / "out.bin");
  file.write("first ");
  file.write("second");
  EXPECT_EQ(file.size(), 12U);
  EXPECT_FALSE(path_exists(folder / "out.bin"));
  file.commit();
  EXPECT_EQ(content(folder / "out.bin"), "first second");
  EXPECT_THAT(list_directory(folder.path()), ElementsAre("out.bin"));
}

TEST(OutputFile, WaitsUnderATemporaryNameInTheSameFolder) {
  const TempDir folder;
  OutputFile file(folder / "out.bin");
  EXPECT_EQ(parent_path(file.temporary_path()), folder.path());
  EXPECT_THAT(file_name(file.temporary_path()), testing::StartsWith(".out.bin.kerf-tmp-"));
  file.write("to be read back");
  file.flush();
  EXPECT_EQ(content(file.temporary_path()), "to be read back");
}

TEST(OutputFile, WithoutCommitNothingIsLeftAndTheOlderOutputStays) {
  const TempDir folder;
  folder.write("out.bin", "older");
  { OutputFile(folder / "out.bin").write("newer"); }
  EXPECT_EQ(content(folder / "out.bin"), "older");
  EXPECT_THAT(list_directory(folder.path()), ElementsAre("out.bin"));
}

TEST(OutputFile, CommitReplacesTheOlderOutputForThoseWhoOpenItThen) {
  const TempDir folder;
  const auto older = InputFile::open(folder.write("out.bin", "older"));
  write_file(folder / "out.bin", "newer, longer");
  EXPECT_EQ(content(folder / "out.bin"), "newer, longer");
  std::string text(5, '?');
  older->read(0, std::as_writable_bytes(std::span(text)));
  EXPECT_EQ(text, "older");
}

TEST(OutputFile, ReplacesALinkNotWhatItPointsTo) {
  const TempDir folder;
  folder.write("model.bin", "precious");
  std::filesystem::create_symlink("model.bin", folder / "out.bin");
  write_file(folder / "out.bin", "new");
  EXPECT_EQ(content(folder / "model.bin"), "precious");
  EXPECT_EQ(content(folder / "out.bin"), "new");
}

TEST(OutputFile, HasThePermissionsThatTheUserGivesNewFiles) {
  const TempDir folder;
  const Umask mask(027);
  write_file(folder / "out.bin", "x");
  EXPECT_EQ(mode_of(folder / "out.bin"), 0640U);
  EXPECT_EQ(::umask(027), 027U) << "the mask itself stays";
}

TEST(OutputFile, PiecesOfAnySizeAreWrittenInOrder) {
  constexpr std::size_t kBuffer = std::size_t{4} << 20;
  const std::vector<std::size_t> sizes = {0, 1, kBuffer - 2, 1, 1, kBuffer, kBuffer + 1, 3, 2 * kBuffer + 5, 0, 7};
  const TempDir folder;
  OutputFile file(folder / "out.bin");
  std::string expected;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::string piece(sizes[i], static_cast<char>('a' + i));
    file.write(piece);
    expected += piece;
    EXPECT_EQ(file.size(), expected.size());
  }
  file.commit();
  EXPECT_TRUE(content(folder / "out.bin") == expected);
}

TEST(OutputFile, AnEmptyOneIsAFileToo) {
  const TempDir folder;
  write_file(folder / "empty", "");
  EXPECT_EQ(content(folder / "empty"), "");
}

TEST(OutputFile, PadsWithZerosUpToTheNextMultiple) {
  const TempDir folder;
  OutputFile file(folder / "out.bin");
  file.pad_to(32);
  EXPECT_EQ(file.size(), 0U);
  file.write("abc");
  file.pad_to(1);
  EXPECT_EQ(file.size(), 3U);
  file.pad_to(8);
  file.pad_to(8);
  EXPECT_EQ(file.size(), 8U);
  file.commit();
  EXPECT_EQ(content(folder / "out.bin"), std::string("abc\0\0\0\0\0", 8));
}

TEST(OutputFile, APlaceThatCannotBeWrittenFailsBeforeAnyWork) {
  const TempDir folder;
  const std::string file = folder.write("file", "");
  expect_error(ErrorCode::kUsage, "absent/out.bin: the folder " + kerf::quoted(folder / "absent") + " does not exist",
               [&] { OutputFile(folder / "absent/out.bin"); });
  expect_error(ErrorCode::kUsage, "file/out.bin: the folder " + kerf::quoted(file) + " does not exist",
               [&] { OutputFile(file + "/out.bin"); });
  expect_error(ErrorCode::kUsage, "is a directory, expected a name for a file", [&] { OutputFile(folder.path()); });
}

TEST(OutputFile, AFolderWithoutPermissionFailsBeforeAnyWork) {
  const TempDir folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  const test::WithoutRoot nobody;
  expect_error(ErrorCode::kMachine, "out.bin: cannot be created: Permission denied",
               [&] { OutputFile(folder / "out.bin"); });
}

/// Writes `bytes` in pieces until something fails; the Error must name the output.
void expect_write_fails(const std::string& path, std::size_t bytes, std::string_view reason) {
  expect_error(ErrorCode::kMachine, reason, [&] {
    OutputFile file(path);
    for (std::size_t done = 0; done < bytes; done += 4096) file.write(std::string(4096, 'x'));
    file.commit();
  });
}

TEST(OutputFile, AtTheFileSizeLimitNothingIsLeftAndTheOlderOutputStays) {
  const TempDir folder;
  const std::string path = folder.write("out.bin", "older");
  for (const rlim_t limit : {0U, 1U, 4096U, 5U << 20}) {
    {
      const test::FileSizeLimit small(limit);
      expect_write_fails(path, std::size_t{6} << 20,
                         fmt::format("out.bin: writing failed after {} bytes: File too large", limit));
    }
    EXPECT_EQ(content(path), "older");
    EXPECT_THAT(list_directory(folder.path()), ElementsAre("out.bin"));
  }
}

TEST(OutputFile, OnAFullDiskNothingIsLeft) {
  const test::SmallDisk disk(64 << 10);
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  const std::string path = disk.path() + "/out.bin";
  write_file(path, "older");
  expect_write_fails(path, 128 << 10, "No space left on device");
  EXPECT_EQ(content(path), "older");
  EXPECT_THAT(list_directory(disk.path()), ElementsAre("out.bin"));
}

TEST(OutputFile, AFolderThatVanishesIsAnError) {
  const TempDir folder;
  folder.write("inner/older", "");
  OutputFile file(folder / "inner/out.bin");
  std::filesystem::remove_all(folder / "inner");
  expect_error(ErrorCode::kMachine, "out.bin: renaming failed", [&] { file.commit(); });
}

TEST(OutputFile, TooManyAtOnceAreRefusedWithoutATrace) {
  const TempDir folder;
  std::vector<std::unique_ptr<OutputFile>> files;
  expect_error(ErrorCode::kMachine, "too many unfinished outputs", [&] {
    for (int i = 0; i < 10000; ++i) files.push_back(std::make_unique<OutputFile>(folder / std::to_string(i)));
  });
  EXPECT_EQ(list_directory(folder.path()).size(), files.size());
  files.pop_back();
  EXPECT_NO_THROW(write_file(folder / "one more", "x"));
  files.clear();
  EXPECT_THAT(list_directory(folder.path()), ElementsAre("one more"));
}

TEST(OutputFileSet, AppearsSideBySideOnCommitAndCanBeReadTogetherBefore) {
  const TempDir folder;
  OutputFileSet set(folder / "model.onnx");
  for (const char* name : {"model.onnx.data", "model.onnx"}) {
    const auto file = set.create(name);
    file->write(name);
    file->commit();
  }
  EXPECT_EQ(content(set.temporary_path()), "model.onnx");
  EXPECT_EQ(content(set.temporary_path() + ".data"), "model.onnx.data");
  EXPECT_FALSE(path_exists(folder / "model.onnx"));
  set.commit();
  EXPECT_THAT(list_directory(folder.path()), ElementsAre("model.onnx", "model.onnx.data"));
  EXPECT_EQ(content(folder / "model.onnx.data"), "model.onnx.data");
}

TEST(OutputFileSet, WithoutCommitNothingIsLeftAndTheOlderOutputStays) {
  const TempDir folder;
  folder.write("model.gguf", "older");
  {
    OutputFileSet set(folder / "model.gguf");
    set.create("model.gguf")->commit();
  }
  EXPECT_EQ(content(folder / "model.gguf"), "older");
  EXPECT_THAT(list_directory(folder.path()), ElementsAre("model.gguf"));
}

TEST(OutputFolder, AppearsWithAllItsFilesOnCommit) {
  const TempDir parent;
  OutputFolder folder(parent / "model", false);
  for (const char* name : {"config.json", "model.safetensors"}) {
    const auto file = folder.create(name);
    file->write(name);
    file->commit();
  }
  EXPECT_FALSE(path_exists(parent / "model"));
  EXPECT_EQ(content(folder.temporary_path() + "/config.json"), "config.json");
  folder.commit();
  EXPECT_THAT(list_directory(parent / "model"), ElementsAre("config.json", "model.safetensors"));
  EXPECT_THAT(list_directory(parent.path()), ElementsAre("model"));
}

TEST(OutputFolder, AFileThatWasNotCommittedIsNotInIt) {
  const TempDir parent;
  OutputFolder folder(parent / "model", false);
  folder.create("half")->write("x");
  folder.commit();
  EXPECT_THAT(list_directory(parent / "model"), IsEmpty());
}

TEST(OutputFolder, WithoutCommitNothingIsLeft) {
  const TempDir parent;
  {
    OutputFolder folder(parent / "model", false);
    const auto done = folder.create("done"), open = folder.create("open");
    done->commit();
    open->write("x");
  }
  EXPECT_THAT(list_directory(parent.path()), IsEmpty());
}

TEST(OutputFolder, AnEmptyFolderIsFilledAndASlashAtTheEndIsNoName) {
  const TempDir parent;
  std::filesystem::create_directory(parent / "model");
  OutputFolder folder(parent / "model//", false);
  folder.create("f")->commit();
  folder.commit();
  EXPECT_EQ(folder.path(), parent / "model");
  EXPECT_THAT(list_directory(parent / "model"), ElementsAre("f"));
  EXPECT_THAT(list_directory(parent.path()), ElementsAre("model"));
}

TEST(OutputFolder, HasThePermissionsThatTheUserGivesNewFolders) {
  const TempDir parent;
  const Umask mask(027);
  OutputFolder(parent / "model", false).commit();
  EXPECT_EQ(mode_of(parent / "model"), 0750U);
}

TEST(OutputFolder, AFullFolderIsRefusedUnlessForced) {
  const TempDir parent;
  parent.write("model/older", "x");
  expect_error(ErrorCode::kUsage, "model: the folder is not empty; --force replaces it",
               [&] { OutputFolder(parent / "model", false); });
  EXPECT_THAT(list_directory(parent / "model"), ElementsAre("older"));
  EXPECT_THAT(list_directory(parent.path()), ElementsAre("model"));
}

TEST(OutputFolder, ForcedItIsExchangedAsAWhole) {
  const TempDir parent;
  parent.write("model/older", "x");
  parent.write("model/shards/00002", "x");
  OutputFolder folder(parent / "model", true);
  folder.create("newer")->commit();
  EXPECT_THAT(list_directory(parent / "model"), ElementsAre("older", "shards"));
  folder.commit();
  EXPECT_THAT(list_directory(parent / "model"), ElementsAre("newer"));
  EXPECT_THAT(list_directory(parent.path()), ElementsAre("model"));
}

TEST(OutputFolder, ForcedButNotCommittedTheOlderStays) {
  const TempDir parent;
  parent.write("model/older", "x");
  { OutputFolder(parent / "model", true).create("newer")->commit(); }
  EXPECT_THAT(list_directory(parent / "model"), ElementsAre("older"));
  EXPECT_THAT(list_directory(parent.path()), ElementsAre("model"));
}

TEST(OutputFolder, WhatOthersPutThereMeanwhileIsNotReplaced) {
  const TempDir parent;
  {
    OutputFolder folder(parent / "model", false);
    folder.create("mine")->commit();
    parent.write("model/theirs", "x");
    expect_error(ErrorCode::kMachine, "model: renaming failed", [&] { folder.commit(); });
  }
  EXPECT_THAT(list_directory(parent / "model"), ElementsAre("theirs"));
  EXPECT_THAT(list_directory(parent.path()), ElementsAre("model"));
}

TEST(OutputFolder, APlaceThatCannotBeWrittenFailsBeforeAnyWork) {
  const TempDir parent;
  const std::string file = parent.write("file", "x");
  expect_error(ErrorCode::kUsage, "file: is a file, expected a name for a folder", [&] { OutputFolder(file, true); });
  expect_error(ErrorCode::kUsage, "absent/model: the folder", [&] { OutputFolder(parent / "absent/model", true); });
}

/// In a process of its own: a file and a folder with two files are begun, then the signal comes.
[[noreturn]] void be_stopped(const TempDir& folder, int number) {
  remove_temporaries_on_signal();
  OutputFile file(folder / "out.bin");
  file.write("half");
  file.flush();
  OutputFolder model(folder / "model", true);
  model.create("done")->commit();
  const auto open = model.create("open");
  open->flush();
  std::raise(number);
  std::_Exit(0);
}

TEST(SignalDeathTest, RemovesWhatIsUnfinishedAndKeepsWhatIsOlder) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const TempDir folder;
    folder.write("out.bin", "older");
    folder.write("model/older", "x");
    EXPECT_EXIT(be_stopped(folder, number), testing::ExitedWithCode(128 + number), "kerf: stopped by a signal");
    EXPECT_THAT(list_directory(folder.path()), ElementsAre("model", "out.bin"));
    EXPECT_THAT(list_directory(folder / "model"), ElementsAre("older"));
    EXPECT_EQ(content(folder / "out.bin"), "older");
  }
}

[[noreturn]] void exceed_the_limit(const std::string& path) {
  remove_temporaries_on_signal();
  const rlimit limit{4096, 4096};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  try {
    write_file(path, std::string(10000, 'x'));
  } catch (const Error& error) {
    std::cerr << error.what();
    std::_Exit(static_cast<int>(error.code()));
  }
  std::_Exit(0);
}

TEST(SignalDeathTest, TheFileSizeLimitIsAnErrorThatCanBeReported) {
  const TempDir folder;
  EXPECT_EXIT(exceed_the_limit(folder / "out.bin"), testing::ExitedWithCode(4),
              "out.bin: writing failed after 4096 bytes");
  EXPECT_THAT(list_directory(folder.path()), IsEmpty());
}

}  // namespace
}  // namespace kerf
