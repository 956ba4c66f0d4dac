#include "providers/nixops/deployments/deployment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::providers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr const char* export_of_nixops_1 = R"({
  "954f3632-e75f-11f1-906c-02fc00000001": {
    "args": "{\"tag\": \"\\\"hydra-provisioned\\\"\", \"type\": \"\\\"x86_64-linux:benchmark\\\"\", \"n\": \"1 + 1\"}", 
    "configsPath": "/nix/store/3fw8ln4qf8lmwzyanq4iymjjfy21ahxd-nixops-machines", 
    "name": "hydra-provisioned-0", 
    "nixExprs": "[\"/etc/provisioner/net1/deployment.nix\"]", 
    "nixPath": "[\"nixpkgs=/etc/nixpkgs\", \"x=/x\"]", 
    "resources": {
      "machine": {
        "none.sshPrivateKey": "-----BEGIN OPENSSH PRIVATE KEY-----\nTOP SECRET\n-----END OPENSSH PRIVATE KEY-----\n", 
        "privateIpv4": "10.0.1.23",
        "ec2.clientToken": "a1b2",
        "state": "3", 
        "targetHost": "198.51.100.11", 
        "type": "none"
      }
    }
  }, 
  "9567a2d0-e75f-11f1-9a48-02fc00000001": {
    "resources": {}
  }
})";

std::vector<nixops::Deployment> parsed(const std::string& text) {
  auto deployments = nixops::parse_deployments(text);
  EXPECT_TRUE(deployments) << deployments.error().message;
  return deployments.value_or(std::vector<nixops::Deployment>{});
}

nixops::Deployment only(const std::string& members) {
  const auto deployments = parsed(R"({"u-1": {"resources": {}, )" + members + "}}");
  return deployments.size() == 1 ? deployments.front() : nixops::Deployment();
}

std::string error_of(const std::string& text) {
  const auto deployments = nixops::parse_deployments(text);
  return deployments ? "none" : deployments.error().message;
}

TEST(ParseDeployments, ReadsWhatNixOps1Exports) {
  const auto deployments = parsed(export_of_nixops_1);
  ASSERT_EQ(deployments.size(), 2u);
  const nixops::Deployment& d = deployments.front();
  EXPECT_EQ(d.uuid, "954f3632-e75f-11f1-906c-02fc00000001");
  EXPECT_EQ(d.name, "hydra-provisioned-0");
  EXPECT_THAT(d.expressions, ElementsAre("/etc/provisioner/net1/deployment.nix"));
  EXPECT_THAT(d.nix_path, ElementsAre("nixpkgs=/etc/nixpkgs", "x=/x"));
  EXPECT_THAT(d.arguments, ElementsAre(Pair("tag", "hydra-provisioned"), Pair("type", "x86_64-linux:benchmark")));
  EXPECT_THAT(d.other_arguments, ElementsAre("n"));
  EXPECT_TRUE(d.has_arguments);
  EXPECT_EQ(d.configs_path, "/nix/store/3fw8ln4qf8lmwzyanq4iymjjfy21ahxd-nixops-machines");
  ASSERT_EQ(d.resources.count("machine"), 1u);
  const nixops::Resource& machine = d.resources.at("machine");
  EXPECT_EQ(machine.type, "none");
  EXPECT_EQ(machine.attribute("targetHost"), "198.51.100.11");
  EXPECT_EQ(machine.attribute("vmId"), "");
}

TEST(ParseDeployments, ReadsWhatIsLeftOfAnInterruptedCreation) {
  const nixops::Deployment nameless = parsed(export_of_nixops_1).at(1);
  EXPECT_EQ(nameless.uuid, "9567a2d0-e75f-11f1-9a48-02fc00000001");
  EXPECT_EQ(nameless.name, "");
  EXPECT_FALSE(nameless.has_arguments);
  EXPECT_THAT(nameless.expressions, ElementsAre());
  EXPECT_THAT(nameless.resources, ElementsAre());
}

TEST(ParseDeployments, ReadsAnEmptyState) { EXPECT_THAT(parsed("{}\n"), ElementsAre()); }

TEST(ParseDeployments, KeepsNoPrivateKeyButWhatIsNamedLikeOne) {
  const nixops::Resource machine = parsed(export_of_nixops_1).front().resources.at("machine");
  EXPECT_EQ(machine.attribute("none.sshPrivateKey"), "");
  EXPECT_EQ(machine.attribute("privateIpv4"), "10.0.1.23");
  EXPECT_EQ(machine.attribute("ec2.clientToken"), "a1b2");
}

TEST(ParseDeployments, DecodesArgumentsAsNixStrings) {
  const nixops::Deployment d =
      only(R"("args": "{\"tag\": \"1\", \"type\": \"\\\"a\\\\\\\"b\\\\\\\\c\\\\${d}$e\\\\nf\\\"\"}")");
  EXPECT_THAT(d.arguments, ElementsAre(Pair("type", "a\"b\\c${d}$e\nf")));
  EXPECT_THAT(d.other_arguments, ElementsAre("tag"));
  EXPECT_TRUE(d.has_arguments);
  EXPECT_TRUE(only(R"("args": "{\"n\": \"1\"}")").has_arguments);
  EXPECT_FALSE(only(R"("args": "{}")").has_arguments);
}

TEST(ParseDeployments, IgnoresWhatItDoesNotKnow) {
  EXPECT_EQ(only(R"("description": "x", "rollbackEnabled": 1, "other": {"a": []}, "name": "n")").name, "n");
}

TEST(ParseDeployments, TakesNullForMissing) {
  const auto d =
      parsed(R"({"u-1": {"name": null, "args": null, "resources": {"m": {"type": "ec2", "vmId": null}}}})").at(0);
  EXPECT_EQ(d.name, "");
  EXPECT_EQ(d.resources.at("m").attribute("vmId"), "");
}

TEST(ParseDeployments, NamesWhereAnUnexpectedMemberStands) {
  EXPECT_EQ(error_of(R"({"u-1": []})"), "nixops export: deployment u-1: is a list, not an object");
  EXPECT_EQ(error_of(R"({"u-1": {"name": 1, "resources": {}}})"),
            "nixops export: deployment u-1: name: is a number, not a string");
  EXPECT_EQ(error_of(R"({"u-1": {"nixPath": ["a"], "resources": {}}})"),
            "nixops export: deployment u-1: nixPath: is a list, not a string");
  EXPECT_EQ(error_of(R"({"u-1": {"nixExprs": "{}", "resources": {}}})"),
            "nixops export: deployment u-1: nixExprs: is an object, not a list");
  EXPECT_EQ(error_of(R"({"u-1": {"nixPath": "[\"a\", 1]", "resources": {}}})"),
            "nixops export: deployment u-1: nixPath.1: is a number, not a string");
  EXPECT_EQ(error_of(R"({"u-1": {"args": "[]", "resources": {}}})"),
            "nixops export: deployment u-1: args: is a list, not an object");
  EXPECT_EQ(error_of(R"({"u-1": {"args": "{\"tag\": true}", "resources": {}}})"),
            "nixops export: deployment u-1: args.tag: is a boolean, not a string");
  EXPECT_THAT(error_of(R"({"u-1": {"args": "{", "resources": {}}})"),
              HasSubstr("nixops export: deployment u-1: args: line 1, column 2"));
}

TEST(ParseDeployments, JudgesOnlyWhatIsUsedAndOnlyOfTheDeploymentThatHasIt) {
  const auto trouble = [](const std::string& resources) {
    return parsed(R"({"u-1": {"resources": )" + resources + R"(}, "u-2": {"resources": {}}})").at(0).trouble;
  };
  EXPECT_EQ(trouble(R"({"machine": {"type": "ec2", "ec2.tags": {}, "other": 3, "vmId": "i-1"}})"), "");
  EXPECT_EQ(trouble(R"({"keys": {"type": "ec2-keypair", "state": 3}})"), "");
  EXPECT_EQ(trouble(R"({"machine": {"type": "ec2", "vmId": ["i-1"]}})"),
            "resources.machine: vmId: is a list, not a string");
  EXPECT_EQ(trouble(R"({"machine": {"state": "3"}})"), "resources.machine: type: is missing");
  EXPECT_EQ(trouble(R"({"machine": "x"})"), "resources.machine: is a string, not an object");
}

TEST(ParseDeployments, SkipsWarningsBeforeTheDocument) {
  EXPECT_EQ(parsed("/lib/site.py:3: DeprecationWarning: use {} instead\n{\"u-1\": {\"resources\": {}}}").size(), 1U);
}

TEST(ParseDeployments, NeverTakesADeploymentForOneWithoutResourcesThatDoesNotSay) {
  EXPECT_EQ(error_of(R"({"u-1": {"name": "n"}})"), "nixops export: deployment u-1: resources: is missing");
  EXPECT_EQ(error_of(R"({"u-1": {"resources": null}})"), "nixops export: deployment u-1: resources: is missing");
  EXPECT_EQ(error_of(R"({"u-1": {"resources": []}})"),
            "nixops export: deployment u-1: resources: is a list, not an object");
}

TEST(ParseDeployments, RefusesWhatIsNoJsonObject) {
  EXPECT_THAT(error_of(""), HasSubstr("what nixops export printed is not usable JSON: line 1, column 1"));
  EXPECT_EQ(error_of("[]"), "what nixops export printed is not a JSON object");
  EXPECT_THAT(error_of("Traceback (most recent call last):"), HasSubstr("is not usable JSON"));
}

TEST(ParseDeployments, ShowsNoSecretWhereverTheTextIsCutOrSpoilt) {
  const std::string text = export_of_nixops_1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    EXPECT_THAT(error_of(text.substr(0, at)), Not(HasSubstr("SECRET"))) << at;
    std::string spoilt = text;
    spoilt[at] = '\x01';
    EXPECT_THAT(error_of(spoilt), Not(HasSubstr("SECRET"))) << at;
  }
  EXPECT_THAT(error_of(R"({"u-1": {"resources": {"k": {"type": "ec2-keypair", "publicKey": ["SECRET"]}}}})"),
              Not(HasSubstr("SECRET")));
  EXPECT_THAT(error_of(R"({"u-1": {"args": "{\"a\": \"SECRET", "resources": {}}})"), Not(HasSubstr("SECRET")));
}

const Tag tag{"hydra-provisioned"};

nixops::Deployment deployment(const std::string& name, std::map<std::string, std::string> arguments = {}) {
  nixops::Deployment result;
  result.uuid = "u-1";
  result.name = name;
  result.has_arguments = !arguments.empty();
  result.arguments = std::move(arguments);
  return result;
}

nixops::Deployment with_machine(nixops::Deployment deployment) {
  deployment.resources["machine"].type = "ec2";
  return deployment;
}

TEST(BelongsTo, WhatHasOurTagWhateverItsName) {
  EXPECT_TRUE(nixops::belongs_to(tag, deployment("hydra-provisioned-7", {{"tag", "hydra-provisioned"}})));
  EXPECT_TRUE(nixops::belongs_to(tag, with_machine(deployment("hydra-provisioned-7", {{"tag", "hydra-provisioned"}}))));
  EXPECT_TRUE(nixops::belongs_to(tag, with_machine(deployment("renamed", {{"tag", "hydra-provisioned"}}))));
}

TEST(BelongsTo, WhatACreationLeftBeforeItsTag) {
  EXPECT_TRUE(nixops::belongs_to(tag, deployment("hydra-provisioned-7")));
  EXPECT_TRUE(nixops::belongs_to(tag, deployment("hydra-provisioned-7", {{"type", "x86_64-linux"}})));
}

TEST(BelongsTo, NothingOfAnotherTag) {
  EXPECT_FALSE(nixops::belongs_to(tag, deployment("hydra-provisioned-7", {{"tag", "other"}})));
  EXPECT_FALSE(nixops::belongs_to(tag, deployment("other-7", {{"tag", "other"}})));
  EXPECT_FALSE(nixops::belongs_to(tag, deployment("other-7")));
  EXPECT_FALSE(nixops::belongs_to(Tag("hydra"), deployment("hydra-provisioned-7")));
}

TEST(BelongsTo, NothingWhoseTagOnlyNixCanTell) {
  nixops::Deployment computed = deployment("hydra-provisioned-7", {{"type", "x86_64-linux"}});
  computed.other_arguments.insert("tag");
  EXPECT_FALSE(nixops::belongs_to(tag, computed));
}

TEST(BelongsTo, NothingUntaggedThatHasResources) {
  EXPECT_FALSE(nixops::belongs_to(tag, with_machine(deployment("hydra-provisioned-7"))));
}

TEST(BelongsTo, WhateverHasOurTagAlsoWithoutAName) {
  EXPECT_TRUE(nixops::belongs_to(tag, deployment("", {{"tag", "hydra-provisioned"}})));
}

TEST(BelongsTo, NothingUntaggedThatIsNamelessOrNamedByAPerson) {
  EXPECT_FALSE(nixops::belongs_to(tag, deployment("")));
  EXPECT_FALSE(nixops::belongs_to(tag, deployment("hydra-provisioned")));
  EXPECT_FALSE(nixops::belongs_to(tag, deployment("hydra-provisioned-x")));
}

TEST(SkippedDeployments, AreFoundInEitherStyleOfQuotes) {
  EXPECT_THAT(nixops::skipped_deployments("skipping deployment ‘u-1’: unknown resource type ‘ec2’\nwarning: x\n"
                                          "skipping deployment 'u-2': unknown resource type 'gce'"),
              ElementsAre(nixops::Skipped{"u-1", "unknown resource type ‘ec2’"},
                          nixops::Skipped{"u-2", "unknown resource type 'gce'"}));
  EXPECT_THAT(nixops::skipped_deployments(""), ElementsAre());
  EXPECT_THAT(nixops::skipped_deployments("warning: skipping\nskipping deployment u-1\nskipping deployment ‘u-1\n’"),
              ElementsAre());
}

}  // namespace
}  // namespace hydra_provisioner::providers
