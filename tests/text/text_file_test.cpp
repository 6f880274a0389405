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
