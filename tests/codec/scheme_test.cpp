#include "codec/scheme.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace kerf::codec {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

TEST(Scheme, EveryExampleIsReadAndCanonicalNamesStayAsTheyAre) {
  for (const SchemeFamily* family : scheme_families()) {
    EXPECT_FALSE(family->summary.empty()) << family->name;
    ASSERT_FALSE(family->examples.empty()) << family->name;
    for (const std::string& example : family->examples) {
      const Scheme scheme = parse_scheme(example);
      EXPECT_EQ(parse_scheme(scheme.name), scheme) << example;
    }
  }
}

TEST(Scheme, NamesAreCanonicalAndListedOnce) {
  const std::vector<std::string> names = scheme_names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (const std::string& name : names) EXPECT_EQ(parse_scheme(name).name, name);
  EXPECT_THAT(names, IsSupersetOf({"none",          "f32",
                                   "f16",           "bf16",
                                   "int8",          "int8-asym",
                                   "int8-g32",      "int8-g32-asym",
                                   "int8-tensor",   "int8-tensor-asym",
                                   "int4-g32",      "int4-g32-asym",
                                   "int4-g32-min",  "int4-g64",
                                   "int4-g64-asym", "int4-g64-min",
                                   "int4-g128",     "int4-g128-asym",
                                   "int4-g128-min", "int5-g32",
                                   "int5-g32-min"}));
  EXPECT_THAT(names, testing::Not(testing::Contains("q4_0")));
}

TEST(Scheme, GroupedZeroPoint) {
  const Scheme scheme = parse_scheme("int4-g128-asym");
  EXPECT_TRUE(scheme.quantized());
  EXPECT_EQ(scheme.bits, 4);
  EXPECT_EQ(scheme.offset, Offset::kZeroPoint);
  EXPECT_EQ(scheme.granularity, Granularity::kGroup);
  EXPECT_EQ(scheme.group_size, 128);
  EXPECT_EQ(scheme.scale_dtype, DType::kF16);
}

TEST(Scheme, NoGranularityMeansAScaleARow) {
  const Scheme scheme = parse_scheme("int3-min");
  EXPECT_EQ(scheme.bits, 3);
  EXPECT_EQ(scheme.offset, Offset::kMinimum);
  EXPECT_EQ(scheme.granularity, Granularity::kChannel);
}

TEST(Scheme, TensorWide) {
  const Scheme scheme = parse_scheme("int8-tensor");
  EXPECT_EQ(scheme.granularity, Granularity::kTensor);
  EXPECT_EQ(scheme.offset, Offset::kSymmetric);
}

TEST(Scheme, PlainDtypes) {
  EXPECT_EQ(parse_scheme("none").kind, Scheme::Kind::kKeep);
  const Scheme scheme = parse_scheme("BF16");
  EXPECT_EQ(scheme.kind, Scheme::Kind::kFloat);
  EXPECT_EQ(scheme.float_dtype, DType::kBF16);
  EXPECT_FALSE(scheme.quantized());
}

TEST(Scheme, AnyCaseAndEitherOrderOfSuffixes) {
  EXPECT_EQ(parse_scheme("INT4-G32-Asym").name, "int4-g32-asym");
  EXPECT_EQ(parse_scheme("int4-asym-g32"), parse_scheme("int4-g32-asym"));
  EXPECT_EQ(parse_scheme("int8-min-tensor").name, "int8-tensor-min");
  EXPECT_EQ(parse_scheme("Q4_0").name, "int4-g32");
}

TEST(Scheme, GgufNamesAreAliases) {
  EXPECT_EQ(parse_scheme("q8_0"), parse_scheme("int8-g32"));
  EXPECT_EQ(parse_scheme("q4_0"), parse_scheme("int4-g32"));
  EXPECT_EQ(parse_scheme("q4_1"), parse_scheme("int4-g32-min"));
  EXPECT_EQ(parse_scheme("q5_0"), parse_scheme("int5-g32"));
  EXPECT_EQ(parse_scheme("q5_1"), parse_scheme("int5-g32-min"));
}

TEST(Scheme, AnyGroupSizeFromEight) {
  EXPECT_EQ(parse_scheme("int4-g8").group_size, 8);
  EXPECT_EQ(parse_scheme("int4-g11008").group_size, 11008);
  EXPECT_EQ(parse_scheme("int4-g2147483647").group_size, 2147483647);
}

TEST(Scheme, WhatIsNotASchemeIsRefused) {
  for (const std::string_view name : {"",
                                      "-",
                                      "int",
                                      "int4-",
                                      "int1",
                                      "int9",
                                      "int16",
                                      "int44",
                                      "int4-g7",
                                      "int4-g",
                                      "int4-g-32",
                                      "int4-g+32",
                                      "int4-g032",
                                      "int4-g32x",
                                      "int4-g2147483648",
                                      "int4-g99999999999999999999",
                                      "int4-g32-g32",
                                      "int4-g32-tensor",
                                      "int4-asym-min",
                                      "int4-asym-asym",
                                      "int4-g32-sym",
                                      "int4 -g32",
                                      "int4-g32 ",
                                      "f64",
                                      "f8_e3m4",
                                      "nf4-",
                                      "nf4-g4",
                                      "nf4-b32x32",
                                      "f8_e4m3-b",
                                      "f8_e4m3-b128x",
                                      "f8_e4m3-bx128",
                                      "f8_e4m3-b4x128",
                                      "f8_e4m3-b128x128x1",
                                      "f8_e4m3-b0128x128",
                                      "f8_e4m3-b-128x128",
                                      "f8_e4m3-b99999999999x128",
                                      "q7_k",
                                      "mxfp4-g32",
                                      "i8",
                                      "fp16"}) {
    try {
      parse_scheme(name);
      ADD_FAILURE() << name << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage) << name;
      EXPECT_THAT(error.what(), HasSubstr("scheme")) << name;
    }
  }
}

TEST(Scheme, ATypoGetsTheNearestName) {
  const auto message = [](std::string_view name) -> std::string {
    try {
      parse_scheme(name);
      return "accepted";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_THAT(message("int4-g32-asim"), HasSubstr("int4-g32-asym"));
  EXPECT_THAT(message("q4-0"), HasSubstr("q4_0"));
  EXPECT_THAT(message("bf-16"), HasSubstr("bf16"));
}

TEST(Scheme, BlocksOfRowsAndColumns) {
  const Scheme scheme = parse_scheme("F8_E5M2-b32x128");
  EXPECT_EQ(scheme.granularity, Granularity::kBlock);
  EXPECT_EQ(scheme.block_rows, 32);
  EXPECT_EQ(scheme.group_size, 128);
  EXPECT_EQ(scheme.bits, 8);
  EXPECT_TRUE(scheme.shares_rows());
  EXPECT_EQ(scheme.scale_rows(65), 3);
  EXPECT_EQ(scheme.group_height(65), 32);
  EXPECT_EQ(scheme.groups(129), 2);
  EXPECT_EQ(scheme.group_width(129), 128);
  EXPECT_EQ(parse_scheme("f8_e4m3-b128").name, "f8_e4m3-b128x128") << "square where one size is given";
  EXPECT_NE(parse_scheme("f8_e4m3-b128x128"), parse_scheme("f8_e4m3-b64x128"));
}

TEST(Scheme, RowsThatShareScales) {
  EXPECT_TRUE(parse_scheme("int8-tensor").shares_rows());
  EXPECT_EQ(parse_scheme("int8-tensor").group_height(7), 7);
  for (const char* name : {"int8", "int4-g32", "q4_k", "nvfp4"}) {
    EXPECT_FALSE(parse_scheme(name).shares_rows()) << name;
    EXPECT_EQ(parse_scheme(name).group_height(7), 1) << name;
  }
}

TEST(Scheme, DtypesOfScales) {
  const auto with = [](const char* name, DType dtype) { return with_scale_dtype(parse_scheme(name), dtype); };
  EXPECT_EQ(with("int4-g32", DType::kBF16).scale_dtype, DType::kBF16);
  EXPECT_EQ(with("int4-g32", DType::kE8M0).scale_dtype, DType::kE8M0);
  EXPECT_FALSE(with("int4-g32", DType::kE8M0).unit_by_tensor);
  EXPECT_TRUE(with("int4-g32-asym", DType::kF8E4M3).unit_by_tensor);
  EXPECT_EQ(with("int8-tensor", DType::kE8M0).scale_dtype, DType::kE8M0);
  EXPECT_EQ(with("q4_k", DType::kE8M0).scale_dtype, DType::kF16) << "the name says what it is";
  EXPECT_EQ(with("mxfp4", DType::kF32).scale_dtype, DType::kE8M0);
  EXPECT_EQ(with("f16", DType::kE8M0), parse_scheme("f16"));
}

TEST(Scheme, DtypesOfScalesThatMakeNoSenseAreRefusedWithTheReason) {
  const auto why = [](const char* name, DType dtype) {
    return scale_dtype_refusal(parse_scheme(name), dtype).value_or("accepted");
  };
  for (const DType dtype : {DType::kE8M0, DType::kF8E4M3}) {
    EXPECT_THAT(why("int4-g32-min", dtype), HasSubstr("minima are of the scales' dtype"));
  }
  EXPECT_THAT(why("int8-tensor", DType::kF8E4M3), HasSubstr("but one scale"));
  EXPECT_THAT(why("int4-g32", DType::kF64), HasSubstr("expected f16, bf16, f32, e8m0 or f8_e4m3"));
  EXPECT_THROW(with_scale_dtype(parse_scheme("int4-g32-min"), DType::kE8M0), Error);
}

TEST(Scheme, ScalesInPlainFloats) {
  EXPECT_EQ(parse_scheme("int4-g32").float_scale_dtype(), DType::kF16);
  EXPECT_EQ(with_scale_dtype(parse_scheme("int4-g32"), DType::kF32).float_scale_dtype(), DType::kF32);
  for (const DType dtype : {DType::kE8M0, DType::kF8E4M3}) {
    EXPECT_EQ(with_scale_dtype(parse_scheme("int4-g32"), dtype).float_scale_dtype(), DType::kBF16);
  }
}

TEST(Scheme, GroupsOfARow) {
  const Scheme scheme = parse_scheme("int4-g32");
  EXPECT_EQ(scheme.groups(0), 0);
  EXPECT_EQ(scheme.groups(1), 1);
  EXPECT_EQ(scheme.groups(32), 1);
  EXPECT_EQ(scheme.groups(33), 2);
  EXPECT_EQ(scheme.groups(INT64_MAX), INT64_MAX / 32 + 1);
  EXPECT_EQ(scheme.scale_rows(5), 5);
  EXPECT_EQ(scheme.group_width(100), 32);
  EXPECT_EQ(parse_scheme("int8").groups(100), 1);
  EXPECT_EQ(parse_scheme("int8").scale_rows(5), 5);
  EXPECT_EQ(parse_scheme("int8").group_width(100), 100);
  EXPECT_EQ(parse_scheme("int8-tensor").groups(100), 1);
  EXPECT_EQ(parse_scheme("int8-tensor").scale_rows(5), 1);
}

}  // namespace
}  // namespace kerf::codec
