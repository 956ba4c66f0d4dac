#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "providers/ec2/machine_files.hpp"
#include "providers/ec2/offering_file.hpp"
#include "providers/ec2/sightings.hpp"
#include "providers/ec2/specification.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant noon = from_unix(1'800'000'000);

class Ec2MachineFiles : public testing::Test {
 protected:
  Ec2MachineFiles() { static_cast<void>(io::make_folder(files.folder, 0700)); }

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

TEST_F(Ec2MachineFiles, KeepARequestAsItWas) {
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

TEST_F(Ec2MachineFiles, KeepAnInstance) {
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

TEST_F(Ec2MachineFiles, ThatSomebodyChangedAreReported) {
  for (const std::string content : {"", "{}", "[]", R"({"id": 3})", "{"}) {
    std::ofstream(files.instance()) << content;
    EXPECT_THAT(read_instance_record(files).error().message, HasSubstr("is not as it was written")) << content;
  }
  EXPECT_THAT(noted_machines(state.path, Tag{"t"}), ElementsAre(MachineId{"t-0"}));
  EXPECT_THAT(all_instance_records(state.path, Tag{"t"}), IsEmpty());
}

TEST_F(Ec2MachineFiles, AreBelievedInWhileEc2MayNotShowAnInstance) {
  EXPECT_TRUE(may_be_unlisted(record, noon + Seconds{599}));
  EXPECT_FALSE(may_be_unlisted(record, noon + Seconds{600}));
}

class FixedClock final : public io::Clock {
 public:
  Instant now() const override { return noon; }
  io::Task<void> sleep_for(std::chrono::milliseconds) override { co_return; }
};

TEST(OfferingFile, RemembersBetweenProcesses) {
  const support::TemporaryFolder state;
  FixedClock clock;
  OfferingFile first(state.path, Tag{"t"}, clock);
  EXPECT_THAT(first.read().refused_until, IsEmpty());
  ASSERT_TRUE(support::await(first.change([](OfferingMemory& memory) {
    memory.refused_until["a"] = noon + Seconds{1};
    memory.refused_until["old"] = noon;
    memory.interruptions["i-1"] = noon;
  })));
  const OfferingMemory memory = OfferingFile(state.path, Tag{"t"}, clock).read();
  EXPECT_EQ(memory.refused_until, (std::map<std::string, Instant>{{"a", noon + Seconds{1}}}));
  EXPECT_EQ(memory.interruptions, (std::map<std::string, Instant>{{"i-1", noon}}));
  EXPECT_THAT(OfferingFile(state.path, Tag{"other"}, clock).read().interruptions, IsEmpty());
}

TEST(OfferingFile, ThatCannotBeReadIsAsGoodAsNone) {
  const support::TemporaryFolder state;
  FixedClock clock;
  ASSERT_TRUE(io::make_folder(state.path + "/ec2", 0700));
  for (const std::string content :
       {"", "[]", R"({"refusedUntil": 3, "interruptions": {}})", R"({"refusedUntil": {}})"}) {
    std::ofstream(state.path + "/ec2/t.json") << content;
    EXPECT_THAT(OfferingFile(state.path, Tag{"t"}, clock).read().refused_until, IsEmpty()) << content;
  }
}

TEST(OfferingFile, IsNotChangedUnderItsLock) {
  const support::TemporaryFolder state;
  FixedClock clock;
  ASSERT_TRUE(io::make_folder(state.path + "/ec2", 0700));
  const auto lock = io::FileLock::try_acquire(state.path + "/ec2/t.json.lock");
  const auto changed = support::await(OfferingFile(state.path, Tag{"t"}, clock).change([](OfferingMemory&) {}));
  ASSERT_FALSE(changed);
  EXPECT_THAT(changed.error().message, HasSubstr("another process has held its lock for 10 s"));
}

TEST(Specification, IsAnotherWhenWhatMachinesAreMadeFromIs) {
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

TEST(Sightings, AreOutdatedOnAnInstanceTypeThatIsNotAllowedAnyMore) {
  Ec2Instance seen{.id = "i-1", .type = "c5.large", .state = Ec2State::running, .public_address = "198.51.100.1"};
  seen.tags = {{"hydra-provisioner:specification", "hash"}, {"hydra-provisioner:machine", "t-0"}};
  Ec2Settings settings;
  settings.instance_types = {"c5.large"};
  EXPECT_EQ(as_instance(seen, {"eu-west-1", ""}, settings).spec_hash, "hash");
  settings.instance_types = {"c7a.large"};
  EXPECT_EQ(as_instance(seen, {"eu-west-1", ""}, settings).spec_hash, "hash on c5.large");
}

TEST(Sightings, HaveTheAddressThatIsAskedForAndItsUser) {
  const Ec2Instance seen{.id = "i-1", .public_address = "198.51.100.1", .private_address = "10.0.0.1"};
  Ec2Settings settings;
  settings.ssh_user = "root";
  EXPECT_EQ(as_instance(seen, {"x", ""}, settings).address, "198.51.100.1");
  settings.has_public_address = false;
  EXPECT_EQ(as_instance(seen, {"x", ""}, settings).address, "10.0.0.1");
  settings.ssh_user = "nix";
  EXPECT_EQ(as_instance(seen, {"x", ""}, settings).address, "nix@10.0.0.1");
}

TEST(Sightings, TellAnInterruptionFromAnEnd) {
  EXPECT_TRUE(was_interrupted({.id = "i-1", .reason = "Server.SpotInstanceTermination"}));
  EXPECT_FALSE(was_interrupted({.id = "i-1", .reason = "Client.UserInitiatedShutdown"}));
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
