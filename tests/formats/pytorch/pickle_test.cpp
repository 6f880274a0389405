#include "formats/pytorch/pickle.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/formats/pytorch/torch_bytes.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::pytorch {
namespace {

using namespace std::string_literals;
using test::expect_error;
using test::pickle_of;
using test::pickled_dict;
using test::pickled_integer;
using test::pickled_name;
using test::pickled_text;
using test::pickled_tuple;
using Kind = Value::Kind;

/// A pickle together with the bytes that its strings lie in.
struct Read {
  explicit Read(std::string text)
      : bytes(std::move(text)), reader(std::as_bytes(std::span(bytes)), "a.bin"), pickle(reader) {}
  const Value& root() const { return pickle.root(); }
  std::string bytes;
  ByteReader reader;
  Pickle pickle;
};

void expect_refused(const std::string& bytes, std::string_view part) {
  expect_error(ErrorCode::kInput, part, [&] { const Read read(bytes); });
}

TEST(Pickle, ReadsScalars) {
  EXPECT_TRUE(Read(pickle_of("N")).root().is(Kind::kNone));
  EXPECT_EQ(Read(pickle_of("\x88")).root().integer, 1);
  EXPECT_EQ(Read(pickle_of("K\xff")).root().integer, 255);
  EXPECT_EQ(Read(pickle_of("M\x01\x02")).root().integer, 513);
  EXPECT_EQ(Read(pickle_of("J\xfe\xff\xff\xff")).root().integer, -2);
  EXPECT_EQ(Read(pickle_of("\x8a\x05\x00\x00\x00\x00\x02"s)).root().integer, std::int64_t{2} << 32);
  EXPECT_EQ(Read(pickle_of("\x8a\x01\xff")).root().integer, -1);
  EXPECT_EQ(Read(pickle_of("\x8a\x00"s)).root().integer, 0);
  EXPECT_TRUE(Read(pickle_of("G\x3f\xd0\x00\x00\x00\x00\x00\x00"s)).root().is(Kind::kReal));
  EXPECT_EQ(Read(pickle_of(pickled_text("h\xc3\xa9"))).root().text, "h\xc3\xa9");
  EXPECT_EQ(Read("\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x02hi\x94."s).root().text, "hi");
}

TEST(Pickle, ReadsCompounds) {
  const Read dict(pickle_of(pickled_dict({{"a", pickled_integer(1)}, {"b", "](K\x01K\x02\x65"}})));
  const auto pairs = dict.pickle.pairs(dict.root());
  ASSERT_EQ(pairs.size(), 4U);
  EXPECT_EQ(pairs[2].text, "b");
  EXPECT_EQ(dict.pickle.items(pairs[3])[1].integer, 2);
  const Read tuple(pickle_of("K\x01K\x02K\x03\x87"));
  EXPECT_EQ(tuple.pickle.items(tuple.root()).size(), 3U);
}

TEST(Pickle, RecallsWhatItKept) {
  const Read twice(pickle_of(pickled_text("x") + "q\x07" + "h\x07\x86"));
  EXPECT_EQ(twice.pickle.items(twice.root())[1].text, "x");
  const Read wide(pickle_of("K\x05r\xff\xff\xff\xffj\xff\xff\xff\xff\x86"));
  EXPECT_EQ(wide.pickle.items(wide.root())[1].integer, 5);
  expect_refused(pickle_of("h\x03"), "offset 4: recalls value 3, which was never kept");
}

/// What PyTorch would call is described.
TEST(Pickle, NamesStandForData) {
  const Read call(pickle_of(pickled_name("torch", "Size") + pickled_tuple({pickled_tuple({"K\x02"})}) + "R"));
  EXPECT_TRUE(call.root().is_call(Meaning::kSize));
  const Read ordered(pickle_of(pickled_name("collections", "OrderedDict") + ")R(" + pickled_text("k") + "K\x01u}b"));
  EXPECT_EQ(ordered.pickle.pairs(ordered.root())[0].text, "k");
  const Read stacked("\x80\x04\x8c\x05torch\x8c\x0c"s + "FloatStorage\x93.");
  EXPECT_EQ(stacked.root().global->dtype, DType::kF32);
}

TEST(Pickle, NothingElseMayBeNamed) {
  expect_refused(pickle_of(pickled_name("os", "system") + pickled_tuple({pickled_text("id")}) + "R"),
                 "the pickle names 'os' 'system', which is code and not data");
  expect_refused(pickle_of(pickled_name("builtins", "eval")), "'builtins' 'eval'");
  expect_refused(pickle_of(pickled_name("torch", "load")), "'torch' 'load'");
  expect_refused(pickle_of(pickled_name("torch.nn.modules.linear", "Linear")), "'torch.nn.modules.linear' 'Linear'");
  expect_refused("\x80\x04\x8c\x02os\x8c\x06system\x93.", "'os' 'system'");
  expect_refused(pickle_of("cos\x1b[31m\nx\n"), "'os\\x1B[31m' 'x'");
  expect_refused(pickle_of("cno end"), "a name that does not end");
}

TEST(Pickle, RefusesOtherOpcodesByName) {
  for (const char opcode :
       {'i', 'o', 'P', 'I', 'L', 'F', 'S', 'V', 'd', 'l', 'p', 'g', '0', '1', '2', '\x82', '\x8f', '\x97'}) {
    SCOPED_TRACE(opcode);
    expect_refused(pickle_of("N" + std::string(1, opcode)), "found the pickle opcode ");
  }
  expect_refused(pickle_of("(i"), "found the pickle opcode 'i', which no checkpoint needs");
  expect_refused("\x80\x01.", "found pickle protocol 1, expected 2 to 5");
  expect_refused("\x80\x06.", "found pickle protocol 6");
  expect_refused("N.", "found no pickle of protocol 2");
}

TEST(Pickle, RefusesProgramsThatDoNotWork) {
  for (const char* program : {"",
                              "a",
                              "e",
                              "u",
                              "s",
                              "R",
                              "b",
                              "Q",
                              "t",
                              "q\x01",
                              "\x94",
                              "\x87",
                              "Nt",
                              "NN",
                              "(N",
                              "Na",
                              "K\x01N\x86K\x01K\x02s",
                              "](Ku",
                              "NNR",
                              "(NNNNt)R",
                              "}(Nu",
                              "N}b",
                              "](]q\x01"}) {
    SCOPED_TRACE(program);
    expect_refused(pickle_of(program), "a.bin");
  }
  // An opcode may not take what lies below a mark.
  expect_refused(pickle_of("N(\x85t"), "takes a value where there is none");
}

TEST(Pickle, LengthsAreCheckedBeforeTheyCount) {
  for (const std::string& huge : {"X\xff\xff\xff\xff"s, "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"s, "B\xff\xff\xff\x7f"s,
                                  "\x95\xff\xff\xff\xff\xff\xff\xff\x7f"s, "U\xff"s, "\x8a\xffzz"s}) {
    expect_refused("\x80\x04" + huge, "a.bin: offset ");
  }
  expect_refused(pickle_of("U\x02\xff\xfe"), "which is not UTF-8");
}

TEST(Pickle, DepthCostsNothingAndSizeIsBounded) {
  constexpr std::size_t kDepth = 1000000;
  EXPECT_TRUE(Read(pickle_of(")" + std::string(kDepth, '\x85'))).root().is(Kind::kTuple));
  expect_refused(pickle_of(std::string(5000000, 'N')), "more than 4194304 values");
  expect_refused(pickle_of(std::string(5000000, '(')), "more than 4194304 values");
  expect_refused(pickle_of("N" + std::string(5000000, '\x94')), "more than 4194304 values");
}

/// A list that contains itself is a value like any other: nothing follows it, nothing leaks.
TEST(Pickle, ValuesMayContainThemselves) {
  const Read loop(pickle_of("]q\x01h\x01\x61"));
  EXPECT_EQ(loop.pickle.items(loop.root())[0].node, loop.root().node);
}

TEST(Pickle, NoTruncationIsAccepted) {
  const std::string whole = pickle_of(
      pickled_dict({{"w", test::pickled_tensor(test::pickled_storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1})}}));
  EXPECT_TRUE(Read(whole).root().is(Kind::kDict));
  for (std::size_t length = 0; length < whole.size(); ++length)
    expect_refused(whole.substr(0, length), "a.bin: offset ");
}

}  // namespace
}  // namespace kerf::formats::pytorch
