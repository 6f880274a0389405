#include "cli/application.h"

#include <gtest/gtest.h>

#include "kerf/kerf.h"

#include "quant/option_use.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::cli {
namespace {

using test::expect_error;
using Strings = std::vector<std::string>;

std::string printed(const Strings& words) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Application().run(words), 0);
  return ::testing::internal::GetCapturedStdout();
}

void expect_usage_error(const Strings& words, std::string_view part_of_message) {
  expect_error(ErrorCode::kUsage, part_of_message, [&] { Application().run(words); });
}

TEST(Application, AloneItSaysWhatItIsAndThreeCommands) {
  const std::string text = printed({});
  EXPECT_NE(text.find("kerf " + version()), std::string::npos);
  EXPECT_NE(text.find("\n  kerf inspect MODEL\n"), std::string::npos);
  EXPECT_NE(text.find("\n  kerf quantize MODEL -o model.gguf\n"), std::string::npos);
  EXPECT_NE(text.find("\n  kerf compare "), std::string::npos);
}

TEST(Application, VersionNamesTheBuild) {
  const std::string text = printed({"--version"});
  EXPECT_EQ(text.rfind("kerf " + version() + "\n", 0), 0U) << text;
  for (const std::string& line : build_info()) EXPECT_NE(text.find(line), std::string::npos);
}

TEST(Application, HelpOfEveryCommandComesBothWays) {
  for (const Command* command : commands()) {
    const std::string text = printed({command->name, "--help"});
    EXPECT_EQ(text.rfind("kerf " + command->name + ": ", 0), 0U) << text;
    EXPECT_EQ(printed({"help", command->name}), text);
    EXPECT_NE(printed({"--help"}).find("\n  " + command->name + " "), std::string::npos);
  }
  EXPECT_EQ(printed({"help"}), printed({"--help"}));
}

TEST(Application, HelpWinsOverWhatIsMissingOrWrong) {
  EXPECT_NE(printed({"eval", "--help", "--tetx"}).find("usage: kerf eval"), std::string::npos);
}

TEST(Application, HelpListsWhatIsRegistered) {
  const std::string text = printed({"quantize", "--help"});
  for (const auto& list : {schemes(), methods(), transforms(), output_formats()}) {
    for (const Named& named : list) EXPECT_NE(text.find("\n  " + named.name), std::string::npos) << named.name;
  }
}

TEST(Application, TheManualHasEveryCommand) {
  const std::string text = printed({"help", "--man"});
  EXPECT_EQ(text.rfind(".TH KERF 1", 0), 0U);
  for (const Command* command : commands()) {
    EXPECT_NE(text.find(".SS kerf " + command->name + "\n"), std::string::npos) << command->name;
  }
}

TEST(Application, UnknownWordsGetTheNearest) {
  expect_usage_error({"quantise", "m"}, "no command 'quantise'; did you mean quantize?");
  expect_usage_error({"eval", "m", "--tetx", "f"},
                     "no option '--tetx'; did you mean --text? kerf eval --help lists them");
  expect_usage_error({"eval", "m", "--tetx=f"}, "no option '--tetx'; did you mean --text? kerf eval --help lists them");
  expect_usage_error({"--verison"}, "no option '--verison'; did you mean --version?");
  expect_usage_error({"eval", "m", "--zzzzzzzzzz"}, "no option '--zzzzzzzzzz'; kerf eval --help lists them");
  expect_usage_error({"quantise", "m", "--scheme", "int8"}, "no command 'quantise'");
  expect_usage_error({"--threads", "2", "eval", "m"}, "--threads stands before the command");
  expect_usage_error({"help", "evl"}, "did you mean eval?");
}

TEST(Application, AMisspeltOptionIsSaidBeforeWhatItLeftMissing) {
  expect_usage_error({"eval", "--tetx"}, "no option '--tetx'");
}

TEST(Application, MissingWordsAreNamed) {
  expect_usage_error({"eval"}, "eval needs MODEL");
  expect_usage_error({"eval", "m"}, "--text FILE");
  expect_usage_error({"eval", "m", "--text"}, "'--text' needs a value");
  expect_usage_error({"eval", "m", "--text", "--windows", "3"}, "--text needs a value, but --windows follows");
  expect_usage_error({"eval", "m", "--text="}, "nothing after the equals sign");
  expect_usage_error({"compare", "m", "--text", "t"}, "needs --candidate");
  expect_usage_error({"quantize", "m"}, "needs -o OUT");
  expect_usage_error({"calibrate", "m", "-o", "s"}, "needs text");
  expect_usage_error({"calibrate", "--calibration", "f", "-o", "s"}, "needs MODEL");
  expect_usage_error({"calibrate", "m", "--calibration", "f"}, "needs -o FILE");
  expect_usage_error({"calibrate", "--merge", "a", "-o", "s"}, "at least two files");
  expect_usage_error({"logits", "m"}, "needs --inputs FILE and --output FILE");
}

TEST(Application, ContradictionsAreRefused) {
  expect_usage_error({"eval", "m", "more", "--text", "f"}, "found 'more', expected nothing more");
  expect_usage_error({"eval", "m", "--text", "f", "--threads", "1", "--threads", "2"}, "--threads is given twice");
  expect_usage_error({"eval", "m", "--text", "f", "--quiet=3"}, "--quiet takes no value");
  expect_usage_error({"tokenize", "m", "--special", "--no-special"}, "both given");
  expect_usage_error({"calibrate", "m", "--merge", "a", "b", "-o", "s"}, "--merge adds up saved statistics");
  expect_usage_error({"logits", "m", "--prompt", "p", "--inputs", "i"}, "--prompt prints to standard output");
}

TEST(Application, AFileBehindASpaceIsToldItsEqualsSign) {
  expect_usage_error({"eval", "m", "--json", "out.json", "--text", "f"},
                     "found 'out.json', expected nothing more; a value of --json stands behind an equals sign: "
                     "--json=out.json; kerf eval --help explains");
  expect_usage_error({"eval", "--json", "out.json", "m", "--text", "f"},
                     "found 'm', expected nothing more; a value of "
                     "--json stands behind an equals sign: --json=out.json");
}

TEST(Application, WhatNothingWouldHeedIsRefused) {
  expect_usage_error({"compare", "m", "--text", "f", "--candidate", "int8", "--attribute-windows", "2"},
                     "--attribute-windows needs --attribute");
  expect_usage_error({"quantize", "m", "-o", "o", "--target-windows", "2"},
                     "--target-windows says how a target is met");
}

TEST(Application, AnImportanceMatrixIsNoText) {
  const test::TempDir folder;
  expect_error(ErrorCode::kInput, "t.txt: is no importance matrix of llama.cpp", [&] {
    Application().run({"calibrate", "m", "--imatrix-in", folder.write("t.txt", "text"), "-o", folder / "s"});
  });
}

TEST(Application, HelpSaysWhatReadsAnOption) {
  const std::string text = printed({"quantize", "--help"});
  for (const auto option :
       {quant::MethodOption::kDamping, quant::MethodOption::kActOrder, quant::MethodOption::kSteps}) {
    // The page breaks lines: the first of the names stands behind its option in any case.
    EXPECT_NE(text.find(quant::readers_of(option).front() + ","), std::string::npos);
  }
  EXPECT_NE(text.find("imatrix with an importance file"), std::string::npos) << text;
}

TEST(Application, NumbersOutOfRangeAreRefusedBeforeAnyFileIsOpened) {
  expect_usage_error({"eval", "m", "--text", "f", "--windows", "0"}, "--windows: found '0'");
  expect_usage_error({"eval", "m", "--text", "f", "--max-ram", "4Q"}, "--max-ram: found '4Q'");
  expect_usage_error({"quantize", "m", "-o", "o", "--damping", "-1"}, "--damping: found '-1'");
  expect_usage_error({"inspect", "m", "--context", "x"}, "--context: found 'x'");
}

}  // namespace
}  // namespace kerf::cli
