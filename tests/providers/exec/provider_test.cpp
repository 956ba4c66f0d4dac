// With small programs, each a shell script.
#include "providers/exec/exec_provider.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class ExecProviderTest : public testing::Test {
 protected:
  // A program that answers by a case of shell for each action. It counts its calls, a line each.
  ExecSettings program(const std::string& name, const std::string& cases, const std::string& settings = "{}") const {
    const std::string path = folder.path + "/" + name;
    std::ofstream(path) << "#!/bin/sh\nrequest=$(cat)\naction=${request#*action\\\":\\\"}; action=${action%%\\\"*}\n"
                        << "id=${request#*requestId\\\":\\\"}; id=${id%%\\\"*}\necho \"$action\" >>" << path
                        << ".calls\n"
                        << "say() { echo \"{\\\"requestId\\\": \\\"$id\\\"$1}\"; }\n"
                        << "case $action in\n"
                        << cases << "\ndescribe) say ', \"protocolVersion\": 1, \"abilities\": []';;\n"
                        << "list) say ', \"machines\": []';;\n*) say '';;\nesac\n";
    std::filesystem::permissions(path, std::filesystem::perms(0700));
    return {.command = {path}, .settings = settings, .timeout = Seconds{60}};
  }

  std::string calls(const std::string& name) const {
    std::ifstream file(folder.path + "/" + name + ".calls");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static PoolConfig pool(const std::string& name, ExecSettings settings) {
    PoolConfig result;
    result.name = PoolName(name);
    result.provider = std::move(settings);
    return result;
  }

  Inventory list(std::vector<PoolConfig> pools) {
    auto listed = support::await(provider.list({.known = {}, .pools = std::move(pools)}));
    EXPECT_TRUE(listed) << listed.error().message;
    return listed.value_or(Inventory{});
  }

  // In JSON, as a program of type `a` shows it.
  static std::string shown(const std::string& id) {
    return R"({"machine": ")" + id +
           R"(", "type": "a", "state": "running", "address": "192.0.2.1", "hostKey": "ssh-rsa AAAA"})";
  }

  support::TemporaryFolder folder;
  io::SystemClock clock;
  ExecProvider provider{Tag("t"), folder.path, clock};
  const MachineRef target{.machine = MachineId("t-1"), .instance = {}};
};

TEST_F(ExecProviderTest, AsksOnceForPoolsOfTheSameProgramAndSettings) {
  const ExecSettings both = program("both", "");
  list({pool("a", both), pool("b", both)});
  list({pool("a", both), pool("b", both)});
  EXPECT_EQ(calls("both"), "describe\nlist\nlist\n");
}

TEST_F(ExecProviderTest, AsksForEachSettings) {
  const ExecSettings first = program("program", "");
  ExecSettings second = first;
  second.settings = R"({"region":"b"})";
  list({pool("a", first), pool("b", second)});
  EXPECT_EQ(calls("program").size(), std::string("describe\nlist\n").size() * 2);
}

TEST_F(ExecProviderTest, KeepsOtherPoolsWhenAProgramFails) {
  const auto inventory = list({pool("a", program("good", "list) say ', \"machines\": [" + shown("t-1") + "]';;")),
                               pool("b", program("bad", "list) echo oops >&2; exit 3;;")), pool("c", ExecSettings{})});
  ASSERT_EQ(inventory.instances.size(), 1U);
  EXPECT_THAT(inventory.unseen,
              ElementsAre(Pair(PoolName("b"), "bad exited with 3: \"oops\"; its machines are left alone"),
                          Pair(PoolName("c"), HasSubstr("its program is not known"))));
}

TEST_F(ExecProviderTest, DoesNotCallAProgramThatAskedForAPause) {
  const ExecSettings busy =
      program("busy", R"(list) say ', "error": {"class": "transient", "message": "slow down", "retryAfter": 3600}';;)");
  EXPECT_THAT(list({pool("a", busy)}).unseen, ElementsAre(Pair(PoolName("a"), HasSubstr("busy: slow down"))));
  EXPECT_THAT(list({pool("a", busy)}).unseen,
              ElementsAre(Pair(PoolName("a"), HasSubstr("busy asked not to be called again for "))));
  EXPECT_EQ(calls("busy"), "describe\nlist\n");
}

TEST_F(ExecProviderTest, RefusesMachinesOfOtherTags) {
  const ExecSettings any = program("any", "");
  for (const char* id : {"u-1", "t", "t-1-2", "../t-1"}) {
    const auto destroyed = support::await(provider.destroy({.machine = MachineId(id), .instance = {}}, pool("a", any)));
    ASSERT_FALSE(destroyed) << id;
    EXPECT_THAT(destroyed.error().message, HasSubstr("is not a machine of the tag \"t\""));
  }
  EXPECT_EQ(calls("any"), "");
}

TEST_F(ExecProviderTest, RefusesToStopIfTheProgramCannot) {
  const auto stopped = support::await(provider.stop(target, pool("a", program("simple", ""))));
  EXPECT_EQ(stopped.error(), (Error{"simple cannot stop machines", ErrorKind::refused}));
  EXPECT_EQ(calls("simple"), "describe\n");
}

TEST_F(ExecProviderTest, DestroysWithTheProgramThatWasAskedFirst) {
  const auto creating = "create) say ', \"machine\": " + shown("t-1") + "';;";
  const auto created = support::await(provider.create(target, pool("a", program("old", creating))));
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_THAT(created->spec_hash, testing::SizeIs(36));
  const ExecSettings current = program("new", "");
  list({pool("a", current)});
  EXPECT_EQ(calls("old"), "create\ndescribe\nlist\n");
  EXPECT_TRUE(support::await(provider.destroy(target, PoolConfig{})));
  EXPECT_EQ(calls("old"), "create\ndescribe\nlist\ndestroy\n");
  list({pool("a", current)});
  EXPECT_EQ(calls("old"), "create\ndescribe\nlist\ndestroy\n");
  EXPECT_EQ(calls("new"), "describe\nlist\nlist\n");
}

TEST_F(ExecProviderTest, SaysThatItDoesNotKnowTheProgramOfAMachine) {
  const auto destroyed = support::await(provider.destroy(target, PoolConfig{}));
  ASSERT_FALSE(destroyed);
  EXPECT_THAT(destroyed.error().message, HasSubstr("its program is not known"));
}

TEST_F(ExecProviderTest, KnowsNothingWhileARecordCannotBeRead) {
  std::filesystem::create_directory(folder.path + "/exec");
  for (const char* content : {"", "{}", R"({"type": "a", "command": [], "settings": {}})"}) {
    std::ofstream(folder.path + "/exec/t-1.json") << content;
    const auto listed = support::await(provider.list({}));
    ASSERT_FALSE(listed);
    EXPECT_THAT(listed.error().message, HasSubstr("/exec/t-1.json: "));
    EXPECT_THAT(listed.error().message, HasSubstr("; correct it, or remove it if the machine no longer exists"));
  }
}

TEST_F(ExecProviderTest, ForgetsAnOldRecordOfAnUnknownMachine) {
  const std::string record = folder.path + "/exec/t-1.json";
  const ExecSettings failing = program("any", "create) exit 1;;");
  EXPECT_FALSE(support::await(provider.create(target, pool("a", failing))));
  list({pool("a", failing)});
  EXPECT_TRUE(std::filesystem::exists(record));
  std::filesystem::last_write_time(record, std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  std::ignore = support::await(provider.list({.known = {InstanceId("t-1")}, .pools = {pool("a", failing)}}));
  EXPECT_TRUE(std::filesystem::exists(record));
  list({pool("a", failing)});
  EXPECT_FALSE(std::filesystem::exists(record));
}

TEST_F(ExecProviderTest, HasAnotherSpecificationForOtherSettingsAndTypes) {
  const auto specification = [&](const PoolConfig& pool) { return *support::await(provider.specification(pool)); };
  const std::string first = specification(pool("a", {.command = {"x"}}));
  EXPECT_EQ(specification(pool("a", {.command = {"y"}})), first);
  EXPECT_NE(specification(pool("b", {.command = {"x"}})), first);
  EXPECT_NE(specification(pool("a", {.command = {"x"}, .settings = R"({"a":1})"})), first);
}

}  // namespace
}  // namespace hydra_provisioner::providers::exec
