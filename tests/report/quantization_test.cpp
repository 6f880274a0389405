#include "report/quantization.h"

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

QuantizeResult sample() {
  QuantizeResult result;
  result.chosen = "int4-g32 by gptq";
  result.tensors = {{"layers.0.q\x1b", "q", "int4-g32", "gptq", "--scheme", {256, 128}, 4.5, false}, {}};
  result.tensors[1].name = "norm";
  result.tensors[1].scheme = "f32";
  SiteReport site;
  site.name = "layers.0.q";
  site.scheme = "int4-g32";
  site.method = "gptq";
  site.tokens = 1000;
  site.dead_inputs = 3;
  site.damping = 0.01;
  site.objective = 0.00123;
  site.rtn_objective = 0.00456;
  site.channels = 128;
  site.rank = 120;
  site.held_out_tokens = 100;
  site.held_out_objective = 0.00234;
  site.held_out_rtn = 0.00467;
  site.held_out_search = 0.00356;
  site.saturation = 0.0625;
  site.scale_min = 0.001;
  site.scale_max = 0.02;
  result.sites = {site};
  result.outputs = {{"out.gguf", "gguf", 2345678, 4.54, "0123abcd"}};
  result.expected_ram = 96 << 20;
  result.seconds = 2.5;
  result.peak_ram_bytes = 90 << 20;
  result.notes = {"a note"};
  return result;
}

TEST(QuantizationText, SaysWhichFormatsHoldTheChoiceExactly) {
  QuantizeResult result;
  result.chosen = "scheme int4-g32-min";
  result.exactness = {{"gguf", true}, {"awq", false, "it has no minima", "int4-g32-asym"}};
  const std::string text = announcement_text(result);
  EXPECT_EQ(text.rfind("scheme int4-g32-min\n", 0), 0U);
  EXPECT_NE(text.find("int4-g32-asym"), std::string::npos);
  EXPECT_NE(text.find("it has no minima"), std::string::npos);
  EXPECT_EQ(to_text(result, false), "scheme int4-g32-min\n" + rest_text(result, false));
  EXPECT_EQ(to_json(result).find("exactness")->as_array().at(1).find("nearest")->as_string(), "int4-g32-asym");
}

TEST(QuantizationText, FirstLineSaysWhatWasChosen) {
  EXPECT_EQ(to_text(sample(), false),
            "int4-g32 by gptq\n"
            "out.gguf (gguf): 2,345,678 bytes (2.2 MiB), 4.54 bits per weight\n"
            "  read back, bit-identical, weights xxh3 0123abcd\n"
            "note: a note\n"
            "2.50 s, peak memory 90.0 MiB\n");
}

TEST(QuantizationText, VerboseListsSites) {
  const std::string text = to_text(sample(), true);
  EXPECT_NE(text.find("layers.0.q  int4-g32  gptq      1000  120/128            3     0.01      1.23e-03  4.56e-03  "
                      "2.34e-03  4.67e-03   3.56e-03    6.25%  1.0e-03..2.0e-02  -            -\n"),
            std::string::npos)
      << text;
}

TEST(QuantizationText, WhatWasNotHeldOutIsADash) {
  QuantizeResult result = sample();
  result.sites[0].held_out_tokens = 0;
  result.sites[0].rank = -1;
  const std::string text = to_text(result, true);
  EXPECT_NE(text.find("1000     -            3     0.01      1.23e-03  4.56e-03         -       -          -    6.25%"),
            std::string::npos)
      << text;
}

TEST(QuantizationJson, SitesHaveTheirLedger) {
  const Json json = to_json(sample());
  const Json& site = json.find("sites")->as_array().front();
  EXPECT_EQ(site.find("rank")->as_int64(), 120);
  EXPECT_EQ(site.find("held_out_tokens")->as_int64(), 100);
  EXPECT_EQ(site.find("held_out_objective")->as_double(), 0.00234);
  EXPECT_EQ(site.find("saturation")->as_double(), 0.0625);
  EXPECT_EQ(site.find("reverted"), nullptr);
}

TEST(QuantizationText, VerboseListsTransformsApart) {
  QuantizeResult result = sample();
  SiteReport site;
  site.name = "layers.0.q.weight + layers.0.k.weight";
  site.method = "awq";
  site.tokens = 1000;
  site.transform = true;
  site.block_error = 0.002;
  site.block_error_rtn = 0.003;
  site.note = "alpha 0.5";
  result.sites.push_back(site);
  const std::string text = to_text(result, true);
  EXPECT_NE(text.find("site                   transform  tokens  block error  without it  note\n"
                      "layers.0.{q,k}.weight  awq          1000     2.00e-03    3.00e-03  alpha 0.5\n"
                      "\n"
                      "site        scheme "),
            std::string::npos)
      << text;
}

TEST(CollapsedNames, AsAShellWouldWriteThem) {
  EXPECT_EQ(collapsed_names("a.q.w + a.k.w + a.v.w"), "a.{q,k,v}.w");
  EXPECT_EQ(collapsed_names("a.q.w"), "a.q.w");
  EXPECT_EQ(collapsed_names("a.q.w + b.k.w"), "a.q.w + b.k.w");
  EXPECT_EQ(collapsed_names("a.q + a.q.w"), "a.q + a.q.w");
  EXPECT_EQ(collapsed_names(""), "");
  EXPECT_EQ(collapsed_names("a\n.q + a\n.k"), "a\\x0A.{q,k}");
}

TEST(PlanText, ListsTensorsBytesAndMemory) {
  QuantizeResult result = sample();
  result.outputs[0].weights_hash.clear();
  const std::string text = plan_text(result);
  EXPECT_EQ(text,
            "int4-g32 by gptq\n"
            "\n"
            "tensor          role  shape      scheme    method  bits/weight  rule\n"
            "layers.0.q\\x1B  q     256 x 128  int4-g32  gptq           4.50  --scheme\n"
            "norm                  scalar     f32       -              0.00\n"
            "\n"
            "out.gguf (gguf): would take 2,345,678 bytes (2.2 MiB), 4.54 bits per weight\n"
            "expected memory: 96.0 MiB\n"
            "note: a note\n"
            "dry run: nothing was written\n");
}

TEST(QuantizationJson, HasEveryPart) {
  const Json json = Json::parse(to_json(sample()).dump(2), "q.json");
  EXPECT_EQ(json.find("chosen")->as_string(), "int4-g32 by gptq");
  EXPECT_EQ(json.find("outputs")->as_array().at(0).find("weights_xxh3")->as_string(), "0123abcd");
  EXPECT_EQ(json.find("outputs")->as_array().at(0).find("bytes")->as_uint64(), 2345678U);
  const Json& tensor = json.find("tensors")->as_array().at(0);
  EXPECT_EQ(tensor.find("shape")->as_array().size(), 2U);
  EXPECT_EQ(tensor.find("rule")->as_string(), "--scheme");
  EXPECT_EQ(json.find("sites")->as_array().at(0).find("dead_inputs")->as_int64(), 3);
  EXPECT_EQ(json.find("expected_ram_bytes")->as_uint64(), std::uint64_t{96} << 20);
  EXPECT_EQ(json.find("peak_ram_bytes")->as_uint64(), std::uint64_t{90} << 20);
}

TEST(QuantizationJson, ADryRunHasNoHash) {
  QuantizeResult result = sample();
  result.outputs[0].weights_hash.clear();
  EXPECT_FALSE(to_json(result).find("outputs")->as_array().at(0).contains("weights_xxh3"));
}

}  // namespace
}  // namespace kerf::report
