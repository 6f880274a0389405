#include "report/calibration.h"

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

const CalibrateResult kResult = {128, 65536, 28, 123456, 5678, {"a note"}};

TEST(CalibrationText, OneLineAndNotes) {
  EXPECT_EQ(to_text(kResult, "s.safetensors", ""),
            "s.safetensors: statistics of 28 sites over 65,536 tokens in 128 windows, 123,456 bytes (120.6 KiB)\n"
            "note: a note\n");
  EXPECT_EQ(to_text(kResult, "", "i.gguf"),
            "i.gguf: importance matrix of 28 sites over 65,536 tokens in 128 windows, 5,678 bytes (5.5 KiB)\n"
            "note: a note\n");
}

TEST(CalibrationJson, NamesTheFile) {
  const Json json = to_json(kResult, "s.safetensors", "i.gguf");
  EXPECT_EQ(json.find("output")->as_string(), "s.safetensors");
  EXPECT_EQ(json.find("tokens")->as_int64(), 65536);
  EXPECT_EQ(json.find("bytes")->as_uint64(), 123456U);
  EXPECT_EQ(json.find("imatrix")->as_string(), "i.gguf");
  EXPECT_EQ(json.find("imatrix_bytes")->as_uint64(), 5678U);
}

}  // namespace
}  // namespace kerf::report
