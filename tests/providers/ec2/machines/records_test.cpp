#include "providers/ec2/machines/records.hpp"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::StartsWith;

const Instant noon = from_unix(1'800'000'000);

class Ec2Records : public testing::Test {
 protected:
  Ec2Records() { static_cast<void>(io::make_folder(files.folder, 0700)); }

  support::TemporaryFolder state;
  Ec2Files files = files_of(state.path, MachineId{"t-0"});
  Ec2Record record{.place = {.region = "eu-west-1", .endpoint = "http://127.0.0.1:1"},
                   .instance = {.id = InstanceId{"eu-west-1/i-1"},
                                .machine = MachineId{"t-0"},
                                .pool = PoolName{"x86_64-linux"},
                                .state = InstanceState::running,
                                .address = "10.0.0.1",
                                .host_key = "ssh-ed25519 AAAA",
                                .launched_at = noon,
                                .spec_hash = "hash"}};
};

TEST_F(Ec2Records, KeepARequestAsItWas) {
  EXPECT_FALSE(read_sent(files).value());
  const SentRequest sent{.place = {.region = "eu-west-1", .endpoint = ""},
                         .offerings = {{Market::spot, "c7a.large", "subnet-1"}, {Market::on_demand, "c6a.large", ""}},
                         .body = "Action=RunInstances&ClientToken=a%2F"};
  ASSERT_TRUE(write_sent(files, sent));
  const auto read = read_sent(files).value();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->place, sent.place);
  EXPECT_EQ(read->offerings, sent.offerings);
  EXPECT_EQ(read->body, sent.body);
}

TEST_F(Ec2Records, KeepAnInstance) {
  ASSERT_TRUE(write_instance_record(files, record));
  const auto read = read_instance_record(files).value();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->place, record.place);
  EXPECT_EQ(read->instance.id, record.instance.id);
  EXPECT_EQ(read->instance.pool, record.instance.pool);
  EXPECT_EQ(read->instance.host_key, record.instance.host_key);
  EXPECT_EQ(read->instance.launched_at, noon);
  EXPECT_EQ(read->instance.spec_hash, "hash");
  EXPECT_EQ(all_instance_records(state.path, Tag{"t"}).size(), 1U);
  EXPECT_THAT(all_instance_records(state.path, Tag{"other"}), IsEmpty());
  ASSERT_TRUE(forget_request_and_instance(files));
  EXPECT_FALSE(read_instance_record(files).value());
}

TEST_F(Ec2Records, ThatAreDamagedAreReported) {
  for (const std::string content : {"", "{}", "[]", R"({"id": 3})", "{"}) {
    std::ofstream(files.instance()) << content;
    const std::string message = read_instance_record(files).error().message;
    EXPECT_THAT(message, StartsWith(files.instance() + ": ")) << content;
    EXPECT_THAT(message,
                EndsWith("; look for the machine's instance by its tags in AWS' console, then remove this file"))
        << content;
  }
  EXPECT_THAT(recorded_machines(state.path, Tag{"t"}), ElementsAre(MachineId{"t-0"}));
  EXPECT_THAT(all_instance_records(state.path, Tag{"t"}), IsEmpty());
}

TEST_F(Ec2Records, HaveATimeInWholeSeconds) {
  constexpr auto content = R"({"place":{"region":"r","endpoint":""},"id":"i","machine":"t-0","pool":"p","address":"",
                               "hostKey":"","launchedAt":1e300,"specHash":""})";
  std::ofstream(files.instance()) << content;
  EXPECT_THAT(read_instance_record(files).error().message,
              StartsWith(files.instance() + ": 1e+300 is not a whole number; look for"));
}

TEST_F(Ec2Records, CountForTenMinutesWithoutEc2ShowingTheInstance) {
  EXPECT_TRUE(may_still_appear(record, noon + Seconds{599}));
  EXPECT_FALSE(may_still_appear(record, noon + Seconds{600}));
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
