#include "text/text_file.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::text {
namespace {

Text read(const std::vector<std::string>& paths) { return read_text(paths); }

TEST(TextFile, TakesPlainTextAsItStands) {
  const test::TempDir dir;
  const Text text = read({dir.write("a.txt", "one\r\n\n two\u00e9 ")});
  EXPECT_EQ(text.text, "one\r\n\n two\u00e9 ");
  EXPECT_EQ(text.characters, 12);
  EXPECT_TRUE(text.notes.empty());
}

TEST(TextFile, JoinsDocumentsAndFiles) {
  const test::TempDir dir;
  const auto lines = dir.write("b.JSONL", "{\"text\": \"x\\ny\"}\n\n{\"id\": 3, \"text\": \"z\"}\r\n");
  EXPECT_EQ(read({lines}).text, "x\ny\n\nz");
  EXPECT_EQ(read({dir.write("a.txt", "a\n"), lines, dir.write("c.raw", "c")}).text, "a\nx\ny\n\nzc");
}

TEST(TextFile, ByteOrderMarks) {
  const test::TempDir dir;
  const Text text = read({dir.write("a.txt", "\xEF\xBB\xBFhi\uFEFF")});
  EXPECT_EQ(text.text, "hi\uFEFF");
  ASSERT_EQ(text.notes.size(), 1u);
  EXPECT_NE(text.notes[0].find("a.txt: a byte order mark"), std::string::npos);
  EXPECT_EQ(read({dir.write("a.jsonl", "\xEF\xBB\xBF{\"text\": \"x\"}")}).text, "x");
  for (const std::string mark : {"\xFF\xFE", "\xFE\xFF"}) {
    test::expect_error(ErrorCode::kInput, "b.txt: byte 0: found the byte order mark of UTF-16",
                       [&] { read({dir.write("b.txt", mark + "h")}); });
  }
}

TEST(TextFile, NamesWhatIsWrong) {
  const test::TempDir dir;
  const auto refuse = [&](std::string_view message, const std::string& name, const std::string& content) {
    test::expect_error(ErrorCode::kInput, message, [&] { read({dir.write(name, content)}); });
  };
  refuse("a.txt: byte 3: found the byte 0xFF, which is not valid UTF-8", "a.txt", "abc\xFF");
  refuse("a.txt: found no text", "a.txt", "");
  refuse("a.jsonl: found no text", "a.jsonl", "\n \n");
  refuse("a.jsonl: line 2: found an array, expected an object", "a.jsonl", "{\"text\": \"a\"}\n[1]\n");
  refuse("a.jsonl: line 3: key text is missing", "a.jsonl", "{\"text\": \"a\"}\n\n{\"Text\": 1}");
  refuse("a.jsonl: line 1: text: found an integer, expected a string", "a.jsonl", "{\"text\": 1}");
  refuse("a.jsonl: line 1: found chat messages", "a.jsonl", "{\"messages\": []}");
  refuse("a.jsonl: line 12, column", "a.jsonl", std::string(11, '\n') + "{\"text\": }");
  refuse("a.jsonl: line 1", "a.jsonl", "{\"text\": \"a\", \"text\": \"b\"}");
  test::expect_error(ErrorCode::kInput, "absent.txt", [&] { read({dir / "absent.txt"}); });
  test::expect_error(ErrorCode::kInput, "found no text", [&] { read({}); });
}

TEST(TextFile, LinesAreExamples) {
  const test::TempDir dir;
  const std::vector<std::string> paths = {dir.write("a.txt", "\n one two \r\n \t\nthree"),
                                          dir.write("b.jsonl",
                                                    "{\"text\": \"x\\ny\", \"label\": 1}\n\n{\"text\": \" \"}\n"
                                                    "{\"text\": \"z\", \"label\": \"good\"}")};
  const Examples read = read_examples(paths);
  ASSERT_EQ(read.examples.size(), 4u);
  EXPECT_EQ(read.blank, 4);
  EXPECT_EQ(read.examples[0].text, " one two ");
  EXPECT_EQ(read.examples[0].line, 2u);
  EXPECT_TRUE(read.examples[0].label.is_null());
  EXPECT_EQ(read.examples[1].text, "three");
  EXPECT_EQ(read.examples[2].text, "x\ny");
  EXPECT_EQ(read.examples[2].label.as_int64(), 1);
  EXPECT_EQ(read.examples[3].label.as_string(), "good");
  EXPECT_EQ(read.examples[3].file, 1u);
  EXPECT_EQ(read.examples[3].line, 4u);
  test::expect_error(ErrorCode::kInput, "c.txt: found no text, expected at least one line that is not blank",
                     [&] { read_examples(std::vector<std::string>{dir.write("c.txt", "\n \n")}); });
}

TEST(TextFile, ReadsIds) {
  const test::TempDir dir;
  const auto lines = read_token_lines(dir.write("t.jsonl", "[1, 2, 3]\n\n[]\n[4194303]\n"));
  EXPECT_EQ(lines, (std::vector<std::vector<std::int64_t>>{{1, 2, 3}, {}, {4194303}}));
  const auto refuse = [&](std::string_view message, const std::string& content) {
    test::expect_error(ErrorCode::kInput, message, [&] { read_token_lines(dir.write("t.jsonl", content)); });
  };
  refuse("t.jsonl: line 2[1]: found '-1', expected an id from 0 to 4194303", "[1]\n[0, -1]");
  refuse("t.jsonl: line 1[0]: found '1.5'", "[1.5]");
  refuse("t.jsonl: line 1[0]: found '18446744073709551615'", "[18446744073709551615]");
  refuse("t.jsonl: line 1: found an object, expected an array", "{}");
  refuse("t.jsonl: found no ids", "[]\n");
}

}  // namespace
}  // namespace kerf::text
