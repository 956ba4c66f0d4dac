#include "providers/ec2/machines/specification.hpp"

#include <fstream>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::HasSubstr;

const HostKeyPair key{
    .private_key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----\n",
    .public_key = "ssh-ed25519 CCCC"};

// As NixOS' images read it.
std::string taken_by_nixos(const std::string& user_data, const std::string& script) {
  const auto taken = support::await(
      io::run_successfully({.argv = {"sed", script}, .deadline = std::chrono::seconds{20}, .input = user_data}));
  return taken ? taken->output : taken.error().message;
}

std::string private_key_in(const std::string& user_data) {
  return taken_by_nixos(user_data, R"(s/|/\n/g; s/SSH_HOST_ED25519_KEY://; t; d)");
}

std::string public_key_in(const std::string& user_data) {
  return taken_by_nixos(user_data, "s/SSH_HOST_ED25519_KEY_PUB://; t; d");
}

TEST(UserData, IsTheHostKeyAloneByDefault) {
  for (const std::string nothing : {"", " \n"}) {
    const std::string data = user_data_with(key, nothing).value();
    EXPECT_EQ(private_key_in(data), key.private_key);
    EXPECT_EQ(public_key_in(data), key.public_key + "\n");
    EXPECT_THAT(data, testing::StartsWith("SSH_HOST_ED25519_KEY:-----BEGIN"));  // NixOS must not take it for Nix code
  }
}

// As nix/build-machine.nix reads it.
std::string endpoint_in(const std::string& user_data) {
  return taken_by_nixos(user_data, R"(s/^\(# \)\{0,1\}HYDRA_BUILDER_ENDPOINT://; t; d)");
}

TEST(UserData, SaysInEveryFormatHowTheMachineConnectsToTheQueueRunner) {
  const std::vector<std::string> lines{"HYDRA_BUILDER_NAME:t-7", "HYDRA_BUILDER_ENDPOINT:https://queue:50051"};
  for (const std::string format : {"", "#!/bin/sh\nexit 7\n", "#cloud-config\nruncmd: [ ls ]\n", "{ a = 1; }\n",
                                   "Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: "
                                   "text/x-shellscript\n\n#!/bin/sh\n--b--\n"}) {
    const std::string data = user_data_with(key, format, lines).value();
    EXPECT_EQ(endpoint_in(data), "https://queue:50051\n") << data;
    EXPECT_EQ(user_data_with(key, format).value().substr(0, 13), data.substr(0, 13));
  }
}

TEST(UserData, LeavesAScriptAScript) {
  const std::string data = user_data_with(key, "#!/bin/sh\necho $0 | cat\nexit 7\n").value();
  EXPECT_THAT(private_key_in(data), testing::StartsWith(key.private_key));
  EXPECT_EQ(public_key_in(data), key.public_key + "\n");
  const auto ran = support::await(io::run({.argv = {"sh"}, .deadline = std::chrono::seconds{20}, .input = data}));
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_status, 7);
  EXPECT_EQ(ran->output, "sh\n");
  EXPECT_EQ(ran->errors, "");
}

TEST(UserData, LeavesANixExpressionANixExpression) {
  const support::TemporaryFolder folder;
  const std::string data = user_data_with(key, "### https://channels.example.org\n{ a = 1 + 2; }\n").value();
  ASSERT_TRUE(io::replace_file(folder.path + "/data.nix", data, 0600));
  const auto evaluated =
      support::await(io::run_successfully({.argv = {"nix-instantiate", "--eval", "--strict", folder.path + "/data.nix"},
                                           .deadline = std::chrono::seconds{60}}));
  ASSERT_TRUE(evaluated) << evaluated.error().message;
  EXPECT_EQ(evaluated->output, "{ a = 3; }\n");
  EXPECT_EQ(private_key_in(data), key.private_key);
}

TEST(UserData, AddsTheKeyToACloudConfig) {
  EXPECT_EQ(
      user_data_with(key, "#cloud-config\nruncmd: [ ls ]\n").value(),
      "#cloud-config\nssh_keys:\n  ed25519_private: |\n    -----BEGIN OPENSSH PRIVATE KEY-----\n    AAAA\n    BBBB\n"
      "    -----END OPENSSH PRIVATE KEY-----\n  ed25519_public: ssh-ed25519 CCCC\nruncmd: [ ls ]\n");
}

TEST(UserData, IsUnderstoodBehindBlankLinesAndTheMarkOfATemplate) {
  EXPECT_EQ(user_data_with(key, "\n\n#cloud-config\na: 1\n").value(),
            user_data_with(key, "#cloud-config\na: 1\n").value());
  EXPECT_EQ(user_data_with(key, " \n#!/bin/sh\n:\n").value(), user_data_with(key, "#!/bin/sh\n:\n").value());
  const std::string data = user_data_with(key, "## template: jinja\n#cloud-config\na: {{ v1.region }}\n").value();
  EXPECT_THAT(data, testing::StartsWith("## template: jinja\n#cloud-config\nssh_keys:\n"));
  EXPECT_THAT(data, testing::EndsWith("ed25519_public: ssh-ed25519 CCCC\na: {{ v1.region }}\n"));
}

// Read with the library that cloud-init reads it with.
TEST(UserData, GetsOnePartMoreIfItIsAMultipartText) {
  const std::string multipart =
      "Content-Type: multipart/mixed; boundary=\"==B==\"\nMIME-Version: 1.0\n\n--==B==\nContent-Type: "
      "text/x-shellscript\n\n#!/bin/sh\ntrue\n\n--==B==--\n";
  const auto parts =
      support::await(io::run_successfully({.argv = {"python3", "-c",
                                                    "import email, sys\n"
                                                    "for p in email.message_from_file(sys.stdin).get_payload():\n"
                                                    "  print(p.get_content_type(), repr(p.get_payload()))"},
                                           .deadline = std::chrono::seconds{20},
                                           .input = user_data_with(key, multipart).value()}));
  ASSERT_TRUE(parts) << parts.error().message;
  EXPECT_EQ(parts->output,
            "text/cloud-config '#cloud-config\\nssh_keys:\\n  ed25519_private: |\\n    -----BEGIN OPENSSH PRIVATE "
            "KEY-----\\n    AAAA\\n    BBBB\\n    -----END OPENSSH PRIVATE KEY-----\\n  ed25519_public: ssh-ed25519 "
            "CCCC\\n'\ntext/x-shellscript '#!/bin/sh\\ntrue\\n'\n");
}

TEST(UserData, IsRefusedInAFormatThatCannotTakeTheKey) {
  for (const char* text :
       {"#include\nhttps://example.org/x\n", "#cloud-boothook\n#!/bin/sh\n", "<powershell>\n</powershell>",
        "\n<script>", "{ \"ignition\": { \"version\": \"3.3.0\" } }", "{\n  \"ignition\": {}}",
        "#!/usr/bin/python3\nimport os\n", "#!/usr/bin/env -S perl -w\n", "#!\n", "#cloud-config-archive\n- x\n",
        "#part-handler\n", "## template: jinja\n#include x\n", "MIME-Version: 1.0\nContent-Type: text/plain\n\nx\n"}) {
    const auto checked = check_user_data(text);
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().kind, ErrorKind::refused);
    EXPECT_THAT(checked.error().message, HasSubstr("cannot take the host key"));
    EXPECT_FALSE(user_data_with(key, text));
    Ec2Settings settings;
    settings.user_data = text;
    EXPECT_THAT(specification_of(settings).error().message, testing::StartsWith("userData: "));
  }
  for (const char* text :
       {"#!/usr/bin/env bash\n", "#!/bin/sh -e\n", "#! /run/current-system/sw/bin/zsh\n", "{ }", "# a comment\n{ }",
        "### https://channels.example.org\n{ }", "#cloud-config  \na: 1", "", "#cloud-config"})
    EXPECT_TRUE(check_user_data(text)) << text;
}

TEST(UserData, IsNotLargerThanEc2Takes) {
  EXPECT_TRUE(user_data_with(key, std::string(16'000, 'x')));
  EXPECT_THAT(user_data_with(key, std::string(16'384, 'x')).error().message, HasSubstr("EC2 takes 16384 at most"));
}

TEST(Specification, ChangesWithWhatMachinesAreMadeFrom) {
  Ec2Settings settings;
  settings.image = "ami-1";
  const std::string before = specification_of(settings).value();
  EXPECT_EQ(specification_of(settings).value(), before);
  for (const auto& change : std::initializer_list<void (*)(Ec2Settings&)>{
           [](Ec2Settings& s) { s.image = "ami-2"; }, [](Ec2Settings& s) { s.user_data = "x"; },
           [](Ec2Settings& s) { s.tags["a"] = "b"; }, [](Ec2Settings& s) { s.root_volume_gib = 1; },
           [](Ec2Settings& s) { s.region = "x"; }, [](Ec2Settings& s) { s.launch_template_version = "2"; }}) {
    Ec2Settings changed = settings;
    change(changed);
    EXPECT_NE(specification_of(changed).value(), before);
  }
  Ec2Settings the_same = settings;
  the_same.instance_types = {"a"};
  the_same.subnets = {"b"};
  the_same.endpoint = "http://x";
  the_same.leak_grace = Seconds{1};
  EXPECT_EQ(specification_of(the_same).value(), before);
}

TEST(Specification, FollowsTheFileOfUserData) {
  const support::TemporaryFolder folder;
  Ec2Settings settings;
  settings.user_data_file = folder.path + "/data";
  EXPECT_EQ(specification_of(settings).error().message, "userDataFile: " + folder.path + "/data: no such file");
  std::ofstream(settings.user_data_file) << "a";
  const std::string before = specification_of(settings).value();
  std::ofstream(settings.user_data_file) << "b";
  EXPECT_NE(specification_of(settings).value(), before);
}

PoolConfig in_regions(const std::vector<Ec2Region>& regions) {
  Ec2Settings settings;
  settings.regions = regions;
  PoolConfig pool;
  pool.provider = settings;
  return pool;
}

TEST(Specifications, OfOneRegionAreTheSameWithAndWithoutAList) {
  Ec2Settings settings;
  settings.region = "eu-west-1";
  settings.image = "ami-1";
  PoolConfig pool;
  pool.provider = settings;
  const Specifications alone = specifications_of(pool).value();
  EXPECT_EQ(alone.whole, specification_of(settings).value());
  EXPECT_EQ(specifications_of(in_regions({{.region = "eu-west-1", .image = "ami-1"}})).value().whole, alone.whole);
}

TEST(Specifications, OutdateOnlyMachinesOfTheRegionThatChanged) {
  const Specifications before =
      specifications_of(in_regions({{.region = "a", .image = "ami-1"}, {.region = "b", .image = "ami-2"}})).value();
  const PoolConfig pool =
      in_regions({{.region = "a", .image = "ami-1"}, {.region = "b", .image = "ami-3"}, {.region = "c", .image = "x"}});
  const Specifications now = specifications_of(pool).value();
  EXPECT_NE(now.whole, before.whole);
  const auto seen = [&](const std::string& region) {
    return specification_seen(before.by_region.at(region), region, "big", std::get<Ec2Settings>(pool.provider), now);
  };
  EXPECT_EQ(seen("a"), now.whole);
  EXPECT_NE(seen("b"), now.whole);
  EXPECT_EQ(specification_seen(now.by_region.at("a"), "b", "big", {}, now), now.by_region.at("a"))
      << "what is right in one region is not in another";
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
