#include "providers/ec2/machines/records.hpp"

#include <fstream>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using support::await;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

const Instant noon = from_unix(1'800'000'000);
const MachineId machine{"t-0"};

class RecordsOfEc2 : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(await(FolderKeeper(Tag{"t"}, state.path).write(machine, name, text)));
  }

  support::TemporaryFolder state;
  Ec2Records records{std::make_unique<FolderKeeper>(Tag{"t"}, state.path)};
  MadeInstance made{.place = {.region = "eu-west-1", .endpoint = "http://127.0.0.1:1"},
                    .instance = {.id = InstanceId{"eu-west-1/i-1"},
                                 .machine = machine,
                                 .pool = PoolName{"x86_64-linux"},
                                 .state = InstanceState::running,
                                 .address = "10.0.0.1",
                                 .host_key = "ssh-ed25519 AAAA",
                                 .launched_at = noon,
                                 .spec_hash = "hash"}};
};

TEST_F(RecordsOfEc2, KeepARequestAsItWas) {
  EXPECT_FALSE(await(records.of(machine)).value().sent);
  const SentRequest sent{.place = {.region = "eu-west-1", .endpoint = ""},
                         .offerings = {{Market::spot, "c7a.large", "subnet-1"}, {Market::on_demand, "c6a.large", ""}},
                         .body = "Action=RunInstances&ClientToken=a%2F"};
  ASSERT_TRUE(await(records.write_sent(machine, sent)));
  const auto read = await(records.of(machine)).value().sent;
  ASSERT_TRUE(read);
  EXPECT_EQ(read->place, sent.place);
  EXPECT_EQ(read->offerings, sent.offerings);
  EXPECT_EQ(read->body, sent.body);
  ASSERT_TRUE(await(records.forget_sent(machine)));
  EXPECT_FALSE(await(records.of(machine)).value().sent);
}

TEST_F(RecordsOfEc2, KeepAnInstance) {
  ASSERT_TRUE(await(records.write_made(machine, made)));
  const auto read = await(records.of(machine)).value().made;
  ASSERT_TRUE(read);
  EXPECT_EQ(read->place, made.place);
  EXPECT_EQ(read->instance.id, made.instance.id);
  EXPECT_EQ(read->instance.pool, made.instance.pool);
  EXPECT_EQ(read->instance.host_key, made.instance.host_key);
  EXPECT_EQ(read->instance.launched_at, noon);
  EXPECT_EQ(read->instance.spec_hash, "hash");
  ASSERT_TRUE(await(records.forget(machine)));
  EXPECT_FALSE(await(records.of(machine)).value().made);
  EXPECT_THAT(await(records.machines()).value(), IsEmpty());
}

TEST_F(RecordsOfEc2, KeepTheSameHostKey) {
  const HostKeyPair key = await(records.ensure_host_key(machine)).value();
  EXPECT_THAT(key.private_key, StartsWith("-----BEGIN OPENSSH PRIVATE KEY-----"));
  EXPECT_THAT(key.public_key, testing::MatchesRegex("ssh-ed25519 [A-Za-z0-9+/]+"));
  const HostKeyPair again = await(records.ensure_host_key(machine)).value();
  EXPECT_EQ(again.private_key, key.private_key);
  EXPECT_EQ(again.public_key, key.public_key);
}

TEST_F(RecordsOfEc2, AreOfMachinesOfTheTag) {
  ASSERT_TRUE(await(records.write_made(machine, made)));
  EXPECT_THAT(await(records.machines()).value(), ElementsAre(machine));
  EXPECT_THAT(await(FolderKeeper(Tag{"other"}, state.path).machines()).value(), IsEmpty());
}

TEST_F(RecordsOfEc2, ThatAreDamagedAreReported) {
  const std::string path = state.path + "/t-0/instance.json: ";
  for (const std::string content : {"", "{}", "[]", R"({"id": 3})", "{"}) {
    write("instance.json", content);
    const std::string message = await(records.of(machine)).error().message;
    EXPECT_THAT(message, StartsWith(path)) << content;
    EXPECT_THAT(message,
                EndsWith("; look for the machine's instance by its tags in AWS' console, then remove this record"))
        << content;
  }
  const auto all = await(records.of(std::set{machine})).value();
  EXPECT_FALSE(all.at(machine)) << "one that is damaged does not hide the others";
}

TEST_F(RecordsOfEc2, HaveATimeInWholeSeconds) {
  write("instance.json", R"({"place":{"region":"r","endpoint":""},"id":"i","machine":"t-0","pool":"p","address":"",
                             "hostKey":"","launchedAt":1e300,"specHash":""})");
  EXPECT_THAT(await(records.of(machine)).error().message,
              StartsWith(state.path + "/t-0/instance.json: 1e+300 is not a whole number; look for"));
}

TEST_F(RecordsOfEc2, CountForTenMinutesWithoutEc2ShowingTheInstance) {
  EXPECT_TRUE(may_still_appear(made, noon + Seconds{599}));
  EXPECT_FALSE(may_still_appear(made, noon + Seconds{600}));
}

TEST(RecordsThatMove, AreTheSameAtBothPlaces) {
  const support::TemporaryFolder state;
  FolderKeeper from(Tag{"t"}, state.path + "/from");
  FolderKeeper to(Tag{"t"}, state.path + "/to");
  ASSERT_TRUE(await(from.write(machine, "request.json", "{}")));
  ASSERT_TRUE(await(from.write(MachineId{"t-1"}, "host_key", "key\n")));
  ASSERT_TRUE(await(to.write(machine, "instance.json", "of an attempt before")));
  ASSERT_TRUE(await(copy_records(from, to)));
  EXPECT_THAT(await(to.of({machine, MachineId{"t-1"}})).value(),
              ElementsAre(Pair(machine, ElementsAre(Pair("request.json", "{}"))),
                          Pair(MachineId{"t-1"}, ElementsAre(Pair("host_key", "key\n")))));
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
