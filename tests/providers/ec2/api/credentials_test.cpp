#include "providers/ec2/api/credentials.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "tests/support/await.hpp"
#include "tests/support/canned_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SetClock final : public io::Clock {
 public:
  Instant now() const override { return time; }
  io::Task<void> sleep_for(std::chrono::milliseconds) override { co_return; }
  Instant time = from_unix(1'800'000'000);  // 2027-01-15T08:00:00Z
};

// An environment without any credentials, but for what a test sets.
class Ec2Credentials : public testing::Test {
 protected:
  Ec2Credentials() {
    for (const char* name :
         {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
          "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
          "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http_proxy"})
      ::unsetenv(name);
    set("HOME", home.path);
    set("AWS_EC2_METADATA_DISABLED", "true");
  }

  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
  void write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(io::make_folder(home.path + "/.aws", 0700));
    ASSERT_TRUE(io::replace_file(home.path + "/.aws/" + name, content, 0600));
  }
  Expected<Credentials> get() { return support::await(source.get()); }
  std::string key() {
    const auto found = get();
    return found ? found->access_key : found.error().message;
  }

  support::TemporaryFolder home;
  SetClock clock;
  io::Http http;
  CredentialSource source{http, clock};
};

std::string json(const std::string& key, const std::string& expires = "2027-01-15T09:00:00Z") {
  return fmt::format(R"({{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"s","Token":"t","Expiration":"{}"}})", key,
                     expires);
}

TEST_F(Ec2Credentials, ComeFromTheEnvironmentFirst) {
  write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  set("AWS_ACCESS_KEY_ID", "ENV");
  set("AWS_SECRET_ACCESS_KEY", "secret");
  set("AWS_SESSION_TOKEN", "token");
  const auto found = get();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key, "ENV");
  EXPECT_EQ(found->secret_key, "secret");
  EXPECT_EQ(found->session_token, "token");
}

TEST_F(Ec2Credentials, NeedBothHalves) {
  set("AWS_ACCESS_KEY_ID", "ENV");
  EXPECT_EQ(key(), "AWS credentials: AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
}

TEST_F(Ec2Credentials, ComeFromAProfile) {
  write("credentials",
        "# mine\n[default]\naws_access_key_id=FILE\naws_secret_access_key = a=b\n"
        "aws_session_token = t==\n[other]\naws_access_key_id = OTHER\naws_secret_access_key = s\n");
  const auto found = get();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key, "FILE");
  EXPECT_EQ(found->secret_key, "a=b");
  EXPECT_EQ(found->session_token, "t==");
  source.forget();
  set("AWS_PROFILE", "other");
  EXPECT_EQ(key(), "OTHER");
  source.forget();
  set("AWS_PROFILE", "none");
  EXPECT_EQ(key(), R"(AWS credentials: AWS_PROFILE: there is no profile "none")");
}

TEST_F(Ec2Credentials, ComeFromAProcess) {
  const std::string script = home.path + "/my credentials";
  ASSERT_TRUE(io::replace_file(script, "#!/bin/sh\necho '" + json("PROCESS") + "'\n", 0755));
  write("config", fmt::format("[profile p]\nregion = x\ncredential_process = \"{}\" --for p\n", script));
  set("AWS_PROFILE", "p");
  const auto found = get();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->access_key, "PROCESS");
  EXPECT_EQ(found->expires_at, from_unix(1'800'003'600));
}

TEST_F(Ec2Credentials, OfAProcessAreNotQuotedWhenTheyAreMalformed) {
  write("config", "[default]\ncredential_process = echo secret-text\n");
  EXPECT_EQ(key(), "AWS credentials: credential_process: the answer is not a JSON object");
}

TEST_F(Ec2Credentials, OfRolesAndSingleSignOnNeedAProcess) {
  write("config", "[profile sso]\nsso_session = x\n");
  set("AWS_PROFILE", "sso");
  EXPECT_THAT(key(), HasSubstr("credential_process = aws configure export-credentials --profile sso"));
}

TEST_F(Ec2Credentials, ComeFromAContainer) {
  support::CannedServer server([](const std::string&) { return support::reply(200, json("CONTAINER")); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/creds");
  set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer x");
  EXPECT_EQ(key(), "CONTAINER");
  EXPECT_THAT(server.requests()[0], HasSubstr("GET /creds HTTP/1.1\r\n"));
  EXPECT_THAT(server.requests()[0], HasSubstr("\r\nAuthorization: Bearer x\r\n"));
}

TEST_F(Ec2Credentials, AreNotFetchedFromAnywhere) {
  for (const std::string url :
       {"http://example.org/", "http://127.0.0.1.example.org/", "http://localhost.evil/x",
        "http://127.0.0.1:80@example.org/", "https://user:password@127.0.0.1/", "http://user@127.0.0.1/"}) {
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    EXPECT_THAT(key(), HasSubstr("neither https nor this host")) << url;
  }
}

TEST_F(Ec2Credentials, OfAContainerAndAnInstanceNeverPassAProxy) {
  support::CannedServer proxy([](const std::string&) { return support::reply(200, json("PROXY")); });
  support::CannedServer server([](const std::string& request) {
    return request.starts_with("GET /creds ") ? support::reply(200, json("CONTAINER")) : support::reply(404, "");
  });
  set("http_proxy", proxy.url());
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/creds");
  EXPECT_EQ(key(), "CONTAINER");
  ::unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  set("AWS_EC2_METADATA_DISABLED", "false");
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url());
  clock.time += Seconds{100 * 86400};
  EXPECT_THAT(key(), HasSubstr("no AWS credentials"));
  EXPECT_TRUE(proxy.requests().empty());
}

TEST_F(Ec2Credentials, ComeFromTheInstance) {
  support::CannedServer server([](const std::string& request) {
    if (request.starts_with("PUT /latest/api/token ")) return support::reply(200, "imds-token");
    if (!request.contains("X-aws-ec2-metadata-token: imds-token\r\n")) return support::reply(401, "");
    if (request.starts_with("GET /latest/meta-data/iam/security-credentials/builder "))
      return support::reply(200, json("INSTANCE"));
    return support::reply(200, "builder");
  });
  set("AWS_EC2_METADATA_DISABLED", "false");
  set("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url());
  EXPECT_EQ(key(), "INSTANCE");
}

TEST_F(Ec2Credentials, AreRefreshedBeforeTheyExpire) {
  int times = 0;
  support::CannedServer server(
      [&](const std::string&) { return support::reply(200, json(fmt::format("KEY{}", ++times))); });
  set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url());
  EXPECT_EQ(key(), "KEY1");
  clock.time += Seconds{3299};
  EXPECT_EQ(key(), "KEY1");
  clock.time += Seconds{1};
  EXPECT_EQ(key(), "KEY2");
  source.forget();
  EXPECT_EQ(key(), "KEY3");
}

TEST_F(Ec2Credentials, AreReportedAsMissing) {
  EXPECT_THAT(key(), HasSubstr("no AWS credentials; set AWS_ACCESS_KEY_ID"));
  write("config", "[default]\nregion = eu-west-1\n");
  EXPECT_THAT(key(), HasSubstr("no AWS credentials"));
}

TEST(Profiles, AreSectionsOfAFile) {
  const std::string file = "a = 1\n[one]\nb=2 \r\ns3 =\n  c = 4\n; d = 5\n[two]\nb=3";
  EXPECT_EQ(find_profile(file, "one"), (Profile{{"b", "2"}, {"s3", ""}}));
  EXPECT_EQ(find_profile(file, "two"), (Profile{{"b", "3"}}));
  EXPECT_EQ(find_profile(file, "three"), std::nullopt);
  EXPECT_EQ(find_profile("", ""), std::nullopt);
}

TEST(Commands, AreSplitAtBlanksOutsideQuotes) {
  EXPECT_THAT(split_command(R"("/a b/c" --x='y z'  "" d)"), ElementsAre("/a b/c", "--x=y z", "", "d"));
  EXPECT_THAT(split_command("  "), IsEmpty());
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
