#include "model/system_type.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hydra_provisioner {
namespace {

using Words = std::set<std::string>;

std::string error_of(std::string_view name) {
  const auto type = parse_system_type(name);
  return type ? "" : type.error().message;
}

TEST(SystemTypes, AreSystemsThenFeatures) {
  const auto type = parse_system_type("aarch64-linux,riscv64-linux:kvm,big-parallel");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->systems, (Words{"aarch64-linux", "riscv64-linux"}));
  EXPECT_EQ(type->supported_features, (Words{"big-parallel", "kvm"}));
  EXPECT_EQ(type->mandatory_features, type->supported_features);
}

TEST(SystemTypes, NeedNoFeatures) {
  const auto type = parse_system_type("aarch64-linux");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->supported_features, Words{});
  EXPECT_EQ(type->mandatory_features, Words{});
}

TEST(SystemTypes, X86_64BringsI686Along) {
  EXPECT_EQ(parse_system_type("x86_64-linux")->systems, (Words{"i686-linux", "x86_64-linux"}));
  EXPECT_EQ(parse_system_type("i686-linux")->systems, (Words{"i686-linux"}));
}

TEST(SystemTypes, AreSetsNotStrings) {
  EXPECT_EQ(*parse_system_type("x86_64-linux:kvm,benchmark"), *parse_system_type("x86_64-linux:benchmark,kvm"));
  EXPECT_EQ(*parse_system_type("x86_64-linux"), *parse_system_type("i686-linux,x86_64-linux"));
}

TEST(SystemTypes, ABadNameSaysWhatIsWrongAndWhatIsExpected) {
  EXPECT_EQ(error_of("x86 64"),
            "\"x86 64\" is not a system; a system type is written SYSTEM or SYSTEM:FEATURE,FEATURE, such as "
            "x86_64-linux:benchmark");
  EXPECT_EQ(error_of("x86_64-linux:a;b"),
            "\"a;b\" is not a system feature; a system type is written SYSTEM or SYSTEM:FEATURE,FEATURE, such as "
            "x86_64-linux:benchmark");
}

TEST(SystemTypes, WhatCouldBreakALineOfTheMachinesFileIsRefused) {
  for (const char* name : {"", ":", "x86_64-linux:", ":kvm", "a,,b", "a,", "a::b", "a:b:", "a:,b", "-", "a:-", "a b",
                           "a\tb", "a\nb", "a#b", "a;b", "@a", "ä", "a:k vm"}) {
    EXPECT_NE(error_of(name), "") << '"' << name << '"';
  }
}

TEST(SystemTypes, MayHaveFeaturesWithAColon) {
  EXPECT_EQ(parse_system_type("x86_64-linux:a:b,kvm")->mandatory_features, (Words{"a:b", "kvm"}));
  EXPECT_EQ(parse_step_type("x86_64-linux:a:b"), (StepType{.system = "x86_64-linux", .features = {"a:b"}}));
}

TEST(SystemTypes, HaveTheFeaturesThatNixKnows) {
  for (const char* feature : {"benchmark", "big-parallel", "ca-derivations", "gccarch-armv8.1-a+crypto",
                              "gccarch-x86-64-v3", "kvm", "nixos-test", "recursive-nix", "uid-range"})
    EXPECT_TRUE(is_feature(feature)) << feature;
}

TEST(StepTypes, AreOneSystemThenFeatures) {
  EXPECT_EQ(parse_step_type("x86_64-linux"), (StepType{.system = "x86_64-linux", .features = {}}));
  EXPECT_EQ(parse_step_type("x86_64-linux:kvm,nixos-test"),
            (StepType{.system = "x86_64-linux", .features = {"kvm", "nixos-test"}}));
}

TEST(StepTypes, AreWithoutLocal) {
  EXPECT_EQ(parse_step_type("x86_64-linux:local"), parse_step_type("x86_64-linux"));
  EXPECT_EQ(parse_step_type("x86_64-linux:kvm,local"), parse_step_type("x86_64-linux:kvm"));
  EXPECT_NE(parse_step_type("x86_64-linux:localhost"), parse_step_type("x86_64-linux"));
}

RC_GTEST_PROP(StepTypes, AreReadFromAnyKey, (const std::string& key)) {
  RC_ASSERT(!parse_step_type(key).features.contains("local"));
}

RC_GTEST_PROP(SystemTypes, AreReadFromTheirOwnNameWrittenAnew, ()) {
  const auto name = *rc::gen::container<std::string>(rc::gen::element('a', 'b', '-', ',', ':'));
  const auto type = parse_system_type(name);
  if (!type) return;
  const Words& features = type->mandatory_features;
  const std::string anew = joined(type->systems) + (features.empty() ? "" : ":" + joined(features));
  RC_ASSERT(*parse_system_type(anew) == *type);
}

TEST(Serving, OfATypeAsItIsNamedNeedsTheSystemAndExactlyTheFeatures) {
  const MachineKind pool = *parse_system_type("x86_64-linux:benchmark,kvm");
  EXPECT_TRUE(serves(pool, parse_step_type("x86_64-linux:kvm,benchmark")));
  EXPECT_TRUE(serves(pool, parse_step_type("i686-linux:benchmark,kvm,local")));
  EXPECT_FALSE(serves(pool, parse_step_type("aarch64-linux:benchmark,kvm")));
  EXPECT_FALSE(serves(pool, parse_step_type("x86_64-linux:kvm")));
  EXPECT_FALSE(serves(pool, parse_step_type("x86_64-linux:benchmark,kvm,nixos-test")));
  EXPECT_FALSE(serves(pool, parse_step_type("x86_64-linux")));
}

TEST(Serving, NeedsTheMandatoryFeaturesAndNoneThatIsNotSupported) {
  const MachineKind kind{.systems = {"x86_64-linux", "aarch64-linux"},
                         .supported_features = {"benchmark", "big-parallel", "kvm"},
                         .mandatory_features = {"benchmark"}};
  EXPECT_TRUE(serves(kind, parse_step_type("x86_64-linux:benchmark")));
  EXPECT_TRUE(serves(kind, parse_step_type("aarch64-linux:kvm,benchmark,local")));
  EXPECT_TRUE(serves(kind, parse_step_type("x86_64-linux:benchmark,big-parallel,kvm")));
  EXPECT_FALSE(serves(kind, parse_step_type("x86_64-linux")));
  EXPECT_FALSE(serves(kind, parse_step_type("x86_64-linux:kvm")));
  EXPECT_FALSE(serves(kind, parse_step_type("x86_64-linux:benchmark,nixos-test")));
  EXPECT_FALSE(serves(kind, parse_step_type("i686-linux:benchmark"))) << "only a name brings it along";
}

TEST(Columns, AreJoinedByCommasInByteOrder) {
  EXPECT_EQ(joined({"kvm", "Zeta", "benchmark"}), "Zeta,benchmark,kvm");
  EXPECT_EQ(joined({}), "-");
}

}  // namespace
}  // namespace hydra_provisioner
