#include "providers/nixops/program/ec2_errors.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hydra_provisioner::providers {
namespace {

std::string heard(nixops::EndlessErrors& errors, std::string_view piece) {
  const auto error = errors.hear(piece);
  return error ? error->message : "nothing";
}

std::string heard_at_once(std::string_view text) {
  nixops::EndlessErrors errors;
  return heard(errors, text);
}

std::string of_nixops_2(const std::string& code, const std::string& message = "Please wait.") {
  return "machine> got (possibly transient) EC2 error '{'Code': '" + code + "', 'Message': '" + message +
         "'}', retrying...\n";
}

std::string of_nixops_1(const std::string& code) {
  return "machine> got (possibly transient) EC2 error code ‘" + code + "’, retrying...\n";
}

constexpr const char* ended = "; NixOps was ended, because it would repeat the request for ever";

TEST(EndlessErrors, NoCapacityIsOneAtOnce) {
  EXPECT_EQ(
      heard_at_once(of_nixops_2("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")),
      std::string("no capacity: EC2 says MaxSpotInstanceCountExceeded (Max spot instance count exceeded)") + ended);
  for (const char* code : {"InsufficientInstanceCapacity", "InsufficientCapacity", "InsufficientHostCapacity",
                           "SpotMaxPriceTooLow", "InsufficientFreeAddressesInSubnet", "ReservationCapacityExceeded"}) {
    EXPECT_EQ(heard_at_once(of_nixops_1(code)), std::string("no capacity: EC2 says ") + code + ended);
  }
}

TEST(EndlessErrors, QuotasAndRefusalsAreOnesAtOnce) {
  for (const char* code : {"InstanceLimitExceeded", "VcpuLimitExceeded"}) {
    EXPECT_EQ(heard_at_once(of_nixops_1(code)), std::string("quota: EC2 says ") + code + ended);
  }
  for (const char* code : {"Unsupported", "UnauthorizedOperation", "AuthFailure", "InvalidAMIID.NotFound",
                           "InvalidAMIID.Malformed", "InvalidParameterValue", "InvalidParameterCombination"}) {
    EXPECT_EQ(heard_at_once(of_nixops_1(code)), std::string("refused: EC2 says ") + code + ended);
  }
}

TEST(EndlessErrors, WhatPassesByItselfNeverIsOne) {
  nixops::EndlessErrors errors;
  for (int time = 0; time < 50; ++time) {
    for (const char* code :
         {"RequestLimitExceeded", "Throttling", "ThrottlingException", "RequestThrottled", "EC2ThrottledException",
          "InvalidInstanceID.NotFound", "InvalidSpotInstanceRequestID.NotFound", "Unavailable", "InternalError",
          "ServiceUnavailable"}) {
      EXPECT_EQ(heard(errors, of_nixops_2(code)), "nothing");
    }
  }
}

TEST(EndlessErrors, AnUnknownCodeIsOneAtItsFifthTime) {
  nixops::EndlessErrors errors;
  for (int time = 1; time <= 4; ++time) {
    EXPECT_EQ(heard(errors, of_nixops_2("Strange")), "nothing") << time;
    EXPECT_EQ(heard(errors, of_nixops_2("Odd.Code")), "nothing") << time;
  }
  EXPECT_EQ(heard(errors, of_nixops_2("Strange", "Why?")), std::string("5 times: EC2 says Strange (Why?)") + ended);
}

TEST(EndlessErrors, AreRecognisedInEveryForm) {
  const std::string expected = std::string("no capacity: EC2 says InsufficientInstanceCapacity") + ended;
  EXPECT_EQ(heard_at_once(of_nixops_1("InsufficientInstanceCapacity")), expected);
  EXPECT_EQ(heard_at_once("EC2 error code 'InsufficientInstanceCapacity'"), expected);
  EXPECT_EQ(heard_at_once("EC2 error ‘{'Code': 'InsufficientInstanceCapacity'}’"), expected);
  EXPECT_EQ(heard_at_once("<Errors><Error><Code>InsufficientInstanceCapacity</Code></Error>"), expected);
  EXPECT_EQ(heard_at_once("<Code>AuthFailure</Code><Message>AWS was not able to\nvalidate</Message>"),
            std::string("refused: EC2 says AuthFailure (AWS was not able to validate)") + ended);
  EXPECT_EQ(heard_at_once("EC2 error '{'Code': 'Unsupported', 'Message': \"You've asked\"}'"),
            std::string("refused: EC2 says Unsupported (You've asked)") + ended);
}

TEST(EndlessErrors, ShowMessagesOnOneShortLine) {
  const std::string shown = heard_at_once(of_nixops_2("AuthFailure", std::string(1000, 'x') + "\x1b[31m"));
  EXPECT_LT(shown.size(), 400u);
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
}

TEST(EndlessErrors, AreNothingElse) {
  for (const char* text :
       {"", "\n", "machine> waiting for SSH...", "InsufficientInstanceCapacity", "EC2 error code ‘’, retrying...",
        "EC2 error code ‘not a code’", "<Code></Code>", "'Code': 'AuthFailure'", "<Code>Auth<b>Failure</Code>"}) {
    EXPECT_EQ(heard_at_once(text), "nothing") << text;
  }
}

TEST(EndlessErrors, AreHeardAfterWhatOnlyBeganLikeOne) {
  EXPECT_EQ(heard_at_once("<Code>EC2 error code ‘AuthFailure’"), std::string("refused: EC2 says AuthFailure") + ended);
  EXPECT_EQ(heard_at_once("<Code>" + std::string(500, 'x') + of_nixops_1("AuthFailure")),
            std::string("refused: EC2 says AuthFailure") + ended);
}

TEST(EndlessErrors, HaveCodesOfAtMostAHundredBytesHoweverTheTextIsCut) {
  for (const std::size_t piece : {1UL, 7UL, 110UL, 1000UL}) {
    for (const std::size_t bytes : {100UL, 101UL, 300UL}) {
      nixops::EndlessErrors errors;
      std::string text;
      for (int time = 0; time < 5; ++time) text += of_nixops_1("InvalidParameter" + std::string(bytes - 16, 'x'));
      bool is_endless = false;
      for (std::size_t at = 0; at < text.size(); at += piece)
        is_endless = is_endless || errors.hear(std::string_view(text).substr(at, piece));
      EXPECT_EQ(is_endless, bytes <= 100) << bytes << " in pieces of " << piece;
    }
  }
}

RC_GTEST_PROP(EndlessErrors, AreHeardHoweverTheTextIsCut, ()) {
  const std::string text = *rc::gen::elementOf(
      std::vector<std::string>{"building...\n" + of_nixops_2("Strange") + of_nixops_1("VcpuLimitExceeded") + "more\n",
                               of_nixops_1("RequestLimitExceeded") + "<Code>VcpuLimitExceeded</Code>",
                               "EC2 error code ‘EC2 error '{'Code': 'VcpuLimitExceeded', "});
  nixops::EndlessErrors errors;
  std::string verdict = "nothing";
  for (std::size_t at = 0; at < text.size() && verdict == "nothing";) {
    const auto length = *rc::gen::inRange<std::size_t>(1, 40);
    verdict = heard(errors, std::string_view(text).substr(at, length));
    at += length;
  }
  RC_ASSERT(verdict == std::string("quota: EC2 says VcpuLimitExceeded") + ended);
}

TEST(EndlessErrors, AreCountedOnceHoweverTheTextIsCut) {
  nixops::EndlessErrors errors;
  for (int time = 0; time < 4; ++time) {
    for (const char c : of_nixops_2("Strange")) EXPECT_EQ(heard(errors, {&c, 1}), "nothing");
  }
  EXPECT_NE(heard(errors, of_nixops_2("Strange")), "nothing");
}

TEST(EndlessErrors, StandAFloodOfUnknownCodes) {
  nixops::EndlessErrors errors;
  for (int n = 0; n < 10'000; ++n) EXPECT_EQ(heard(errors, of_nixops_2("Code" + std::to_string(n))), "nothing");
  EXPECT_NE(heard(errors, std::string(1'000'000, 'x') + of_nixops_1("AuthFailure")), "nothing");
}

}  // namespace
}  // namespace hydra_provisioner::providers
