#include "publish/machines_file.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "publish/read_machines_file.hpp"

namespace hydra_provisioner::publish {
namespace {

constexpr const char* host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJWKQgCgz1Bzs1BDdvdTJ1/yP9VpTx+NZLxzhbPGrBVy";
constexpr const char* host_key_column =
    "c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSUpXS1FnQ2d6MUJ6czFCRGR2ZFRKMS95UDlWcFR4K05aTHh6aGJQR3JCVnk=";

PoolConfig pool_of(const std::string& name) {
  PoolConfig pool;
  pool.name = PoolName(name);
  pool.type = parse_system_type(name).value();
  return pool;
}

Machine machine_at(const std::string& id, const std::string& pool, const std::string& address) {
  Machine machine;
  machine.id = MachineId(id);
  machine.pool = PoolName(pool);
  machine.address = address;
  return machine;
}

// Pools with their machines, in a deque, so that the references that machine() returns stay valid.
struct Farm {
  Config config;
  std::deque<Machine> machines;

  PoolConfig& pool(const std::string& name) {
    return config.pools.try_emplace(PoolName(name), pool_of(name)).first->second;
  }

  Machine& machine(const std::string& id, const std::string& pool_name, const std::string& address) {
    pool(pool_name);
    return machines.emplace_back(machine_at(id, pool_name, address));
  }

  MachinesFile file() const {
    std::vector<ListedMachine> listed;
    for (const auto& machine : machines) listed.push_back({&machine, &config.pools.at(machine.pool)});
    return render_machines_file(config, listed);
  }
};

TEST(MachinesFile, HasEightColumnsAMachine) {
  Farm farm;
  PoolConfig& pool = farm.pool("x86_64-linux:kvm,benchmark");
  pool.max_jobs = 4;
  pool.speed_factor = 2;
  pool.ssh_key = "/etc/keys/builder";
  farm.machine("hydra-provisioned-1", "x86_64-linux:kvm,benchmark", "10.0.0.1").host_key = host_key;
  const auto file = farm.file();
  EXPECT_EQ(file.content,
            fmt::format("# hydra-provisioner hydra-provisioned\n"
                        "root@10.0.0.1 i686-linux,x86_64-linux /etc/keys/builder 4 2 benchmark,kvm benchmark,kvm {}\n",
                        host_key_column));
  EXPECT_EQ(file.listed, std::vector{MachineId("hydra-provisioned-1")});
  EXPECT_TRUE(file.left_out.empty());
}

TEST(MachinesFile, HasLargeSpeedFactorsForPacking) {
  Farm farm;
  farm.pool("aarch64-linux").packing = true;
  farm.pool("aarch64-linux").speed_factor = 3;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "10.0.0.1");
  EXPECT_TRUE(farm.file().content.contains("root@10.0.0.1 aarch64-linux - 1 3000 - - -\n"));
}

TEST(MachinesFile, SaysHowManyStepsAMachineBuildsIfItsPoolLeavesThatToMachines) {
  Farm farm;
  farm.pool("aarch64-linux").jobs_by_machine = true;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "10.0.0.1").max_jobs = 64;
  farm.machine("hydra-provisioned-2", "aarch64-linux", "10.0.0.2").max_jobs = 0;
  EXPECT_TRUE(farm.file().content.contains("root@10.0.0.1 aarch64-linux - 64 1 - - -\n"));
  EXPECT_TRUE(farm.file().content.contains("root@10.0.0.2 aarch64-linux - 1 1 - - -\n")) << "its size is not known";
  farm.pool("aarch64-linux").jobs_by_machine = false;
  EXPECT_TRUE(farm.file().content.contains("root@10.0.0.1 aarch64-linux - 1 1 - - -\n"));
}

TEST(MachinesFile, WritesAMinusForAMissingValue) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "builder.example.org");
  EXPECT_EQ(farm.file().content,
            "# hydra-provisioner hydra-provisioned\n"
            "root@builder.example.org aarch64-linux - 1 1 - - -\n");
}

TEST(MachinesFile, NamesAnotherUserThanRootIfTheAddressDoes) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "nix-ssh@10.0.0.1");
  EXPECT_EQ(farm.file().content,
            "# hydra-provisioner hydra-provisioned\n"
            "nix-ssh@10.0.0.1 aarch64-linux - 1 1 - - -\n");
}

TEST(MachinesFile, HasPortsInStoreReferences) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "10.0.0.1:2222");
  farm.machine("hydra-provisioned-2", "aarch64-linux", "nix@[2001:db8::1]:2222");
  EXPECT_EQ(farm.file().content,
            "# hydra-provisioner hydra-provisioned\n"
            "ssh://root@10.0.0.1:2222 aarch64-linux - 1 1 - - -\n"
            "ssh://nix@[2001:db8::1]:2222 aarch64-linux - 1 1 - - -\n");
  EXPECT_EQ(read_machines_file(farm.file().content).value().size(), 2U);
}

TEST(MachinesFile, LeavesPortsToTheSshConfigForOlderQueueRunners) {
  Farm farm;
  farm.config.ssh_config_file = "/etc/hydra/ssh";
  farm.machine("hydra-provisioned-1", "aarch64-linux", "10.0.0.1:2222");
  farm.machine("hydra-provisioned-2", "aarch64-linux", "nix@[2001:db8::1]:2222");
  farm.machine("hydra-provisioned-3", "aarch64-linux", "10.0.0.3");
  const std::string content = farm.file().content;
  EXPECT_TRUE(content.contains("\nroot@10.0.0.1:2222 aarch64-linux")) << content;
  EXPECT_EQ(render_ssh_config(content),
            "Host 10.0.0.1:2222\n  HostName 10.0.0.1\n  Port 2222\n  HostKeyAlias 10.0.0.1:2222\n"
            "Host [2001:db8::1]:2222\n  HostName 2001:db8::1\n  Port 2222\n  HostKeyAlias [2001:db8::1]:2222\n");
}

TEST(MachinesFile, SortsIdsByTheirNumbers) {
  Farm farm;
  for (const int number : {10, 2, 100, 9}) {
    farm.machine(fmt::format("hydra-provisioned-{}", number), "aarch64-linux", fmt::format("10.0.0.{}", number));
  }
  std::vector<std::string> ids;
  for (const auto& id : farm.file().listed) ids.push_back(id.text);
  EXPECT_EQ(ids, (std::vector<std::string>{"hydra-provisioned-2", "hydra-provisioned-9", "hydra-provisioned-10",
                                           "hydra-provisioned-100"}));
}

TEST(MachinesFile, WithoutPoolsAndMachinesIsAFirstLine) {
  EXPECT_EQ(Farm{}.file().content, "# hydra-provisioner hydra-provisioned\n");
}

TEST(MachinesFile, ListsMachinesOfAPoolThatIsNoLongerConfigured) {
  Farm farm;
  const PoolConfig retired = pool_of("riscv64-linux");
  const Machine machine = machine_at("hydra-provisioned-1", "riscv64-linux", "10.0.0.1");
  const auto file = render_machines_file(farm.config, {{&machine, &retired}});
  EXPECT_EQ(file.content, "# hydra-provisioner hydra-provisioned\nroot@10.0.0.1 riscv64-linux - 1 1 - - -\n");
}

// Placeholders.

TEST(MachinesFile, HasAPlaceholderForAPoolWithoutAMachine) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "10.0.0.1");
  farm.pool("x86_64-linux:kvm,big-parallel");
  EXPECT_EQ(farm.file().content,
            "# hydra-provisioner hydra-provisioned\n"
            "root@10.0.0.1 aarch64-linux - 1 1 - - -\n"
            "root@x86-64-linux-kvm-big-parallel.placeholder.invalid i686-linux,x86_64-linux - 0 1 big-parallel,kvm "
            "big-parallel,kvm -\n");
}

TEST(MachinesFile, TellsSupportedFeaturesFromMandatoryOnes) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "big", "10.0.0.1");
  farm.pool("big").type = {.systems = {"aarch64-linux", "x86_64-linux"},
                           .supported_features = {"a:b", "benchmark", "kvm"},
                           .mandatory_features = {"benchmark"}};
  farm.pool("none").type = {.systems = {"x86_64-linux"}, .supported_features = {"kvm"}};
  EXPECT_EQ(farm.file().content,
            "# hydra-provisioner hydra-provisioned\n"
            "root@10.0.0.1 aarch64-linux,x86_64-linux - 1 1 a:b,benchmark,kvm benchmark -\n"
            "root@none.placeholder.invalid x86_64-linux - 0 1 kvm - -\n");
}

TEST(MachinesFile, HasElevenSystemsInALine) {
  Farm farm;
  MachineKind& kind = farm.pool("all").type;
  kind.systems.clear();
  for (const char* system :
       {"aarch64-linux", "armv5tel-linux", "armv6l-linux", "armv7l-linux", "i686-linux", "mips64el-linux",
        "powerpc64le-linux", "riscv32-linux", "riscv64-linux", "s390x-linux", "x86_64-linux"})
    kind.systems.insert(system);
  const auto lines = read_machines_file(farm.file().content).value();
  EXPECT_EQ(lines.at("root@all.placeholder.invalid").systems, kind.systems);
  EXPECT_EQ(lines.at("root@all.placeholder.invalid").systems.size(), 11U);
}

TEST(MachinesFile, HasANewPlaceholderUnlessEarlierLinesTookAllOfItsSteps) {
  Farm farm;
  farm.pool("big").type = {.systems = {"i686-linux", "x86_64-linux"}, .supported_features = {"benchmark", "kvm"}};
  const auto is_new_after = [&](const std::string& before) {
    return !new_placeholders(farm.file(), before, farm.config).empty();
  };
  EXPECT_FALSE(
      is_new_after("root@a i686-linux - 1 1 benchmark,kvm - -\nroot@b x86_64-linux - 1 1 a,benchmark,kvm - -\n"));
  EXPECT_TRUE(is_new_after("root@b x86_64-linux - 1 1 benchmark,kvm - -\n"));
  EXPECT_TRUE(is_new_after("root@b i686-linux,x86_64-linux - 1 1 kvm - -\n"));
  EXPECT_TRUE(is_new_after("root@b i686-linux,x86_64-linux - 1 1 benchmark,kvm kvm -\n"));
}

TEST(MachinesFile, HasNoPlaceholdersWhenTheyAreOff) {
  Farm farm;
  farm.config.placeholders = false;
  farm.pool("aarch64-linux");
  EXPECT_EQ(farm.file().content, "# hydra-provisioner hydra-provisioned\n");
}

TEST(MachinesFile, HasAPlaceholderForAPoolWhoseOnlyMachineIsLeftOut) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "");
  EXPECT_EQ(farm.file().content,
            "# hydra-provisioner hydra-provisioned\n"
            "root@aarch64-linux.placeholder.invalid aarch64-linux - 0 1 - - -\n");
}

std::vector<std::string> names_in(const std::string& content) {
  std::vector<std::string> names;
  for (const auto& [name, machine] : read_machines_file(content).value()) names.push_back(name);
  return names;
}

TEST(MachinesFile, NumbersPlaceholdersOfPoolsWithSimilarNames) {
  Farm farm;
  for (const std::string pool : {"x86_64-linux:a-b", "x86_64-linux:a.b", "X86-64-LINUX:a_b", "x86_64-linux:a-b-2"})
    farm.pool(pool);
  EXPECT_EQ(names_in(farm.file().content),
            (std::vector<std::string>{
                "root@x86-64-linux-a-b-2-2.placeholder.invalid", "root@x86-64-linux-a-b-2.placeholder.invalid",
                "root@x86-64-linux-a-b-3.placeholder.invalid", "root@x86-64-linux-a-b.placeholder.invalid"}));
}

TEST(MachinesFile, APlaceholderKeepsItsNameWhileAPoolWithASimilarNameHasAMachine) {
  Farm farm;
  farm.pool("x86_64-linux:a.b");
  farm.machine("hydra-provisioned-1", "x86_64-linux:a-b", "10.0.0.1");
  EXPECT_EQ(names_in(farm.file().content),
            (std::vector<std::string>{"root@10.0.0.1", "root@x86-64-linux-a-b-2.placeholder.invalid"}));
}

// Bad lines.

// The only message, about a machine that is left out.
std::string left_out(const Farm& farm) {
  const auto file = farm.file();
  EXPECT_TRUE(file.listed.empty());
  EXPECT_EQ(file.left_out.size(), 1u);
  return file.left_out.empty() ? "" : file.left_out[0];
}

TEST(MachinesFile, LeavesOutAMachineWithoutAValidAddress) {
  for (const std::string bad :
       {"",      "a b", "a\tb", "a;b",  "a#b",  "@a",    "a@",           "A@b", "a b@c", "-a@b",
        "a@b@c", "-a",  ".a",   "a..b", "a:22", "[::1]", "fe80::1%eth0", "a/b", "a?b",   "\xc3\xa4"}) {
    Farm farm;
    farm.machine("hydra-provisioned-1", "aarch64-linux", bad);
    EXPECT_TRUE(left_out(farm).contains("is neither a host name nor an IP address")) << bad;
  }
}

TEST(MachinesFile, SaysWhyAMachineIsLeftOut) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "two words\n");
  EXPECT_EQ(left_out(farm),
            "hydra-provisioned-1: left out: its address \"two words\\n\" is neither a host name "
            "nor an IP "
            "address");
}

TEST(MachinesFile, AcceptsHostNamesAndAddresses) {
  for (const std::string good : {"a", "builder-1", "10.0.0.1", "Builder_1.example.org", "2001:db8::1", "::1", "1a"}) {
    Farm farm;
    farm.machine("hydra-provisioned-1", "aarch64-linux", good);
    EXPECT_EQ(farm.file().listed.size(), 1u) << good;
    EXPECT_TRUE(farm.file().content.contains("\nroot@" + good + " aarch64-linux ")) << good;
  }
}

TEST(MachinesFile, LeavesOutTheLaterOfTwoMachinesWithOneAddress) {
  Farm farm;
  farm.machine("hydra-provisioned-10", "aarch64-linux", "Builder");
  farm.machine("hydra-provisioned-9", "aarch64-linux", "builder");
  const auto file = farm.file();
  EXPECT_EQ(file.listed, std::vector{MachineId("hydra-provisioned-9")});
  EXPECT_EQ(file.left_out, std::vector<std::string>{"hydra-provisioned-10: left out: its address \"Builder\" is "
                                                    "also that of hydra-provisioned-9"});
}

TEST(MachinesFile, TakesAnAddressWithoutAUserForRoots) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "builder");
  farm.machine("hydra-provisioned-2", "aarch64-linux", "root@builder");
  farm.machine("hydra-provisioned-3", "aarch64-linux", "nix@builder");
  EXPECT_EQ(farm.file().listed, (std::vector{MachineId("hydra-provisioned-1"), MachineId("hydra-provisioned-3")}));
}

TEST(MachinesFile, LeavesOutAMachineWithTheNameOfAPlaceholder) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "AArch64-linux.Placeholder.invalid");
  EXPECT_TRUE(left_out(farm).contains("is that of a placeholder"));
}

TEST(MachinesFile, LeavesOutAMachineWhoseHostKeyIsNotTypeAndBase64) {
  for (const std::string bad :
       {"ssh-ed25519", "AAAA", "ssh-ed25519 ", "ssh-ed25519 AAA", "ssh-ed25519 AAAA root@host", "ssh-ed25519  AAAA",
        " AAAA", "ssh-ed25519\tAAAA", "ssh-ed25519 AAAA\n", "host ssh-ed25519 AAAA", "ssh#x AAAA"}) {
    Farm farm;
    farm.machine("hydra-provisioned-1", "aarch64-linux", "10.0.0.1").host_key = bad;
    EXPECT_TRUE(left_out(farm).contains("its host key ")) << bad;
  }
}

TEST(MachinesFile, LeavesOutMachinesWhoseSshKeyBreaksTheLine) {
  for (const std::string bad : {"", "/my key", "/key;x", "/key#1", "/k\xc3\xa9y", "/key\n"}) {
    Farm farm;
    farm.machine("hydra-provisioned-1", "aarch64-linux", "10.0.0.1");
    farm.pool("aarch64-linux").ssh_key = bad;
    EXPECT_TRUE(left_out(farm).contains("sshKey ")) << bad;
  }
}

TEST(MachinesFile, LeavesOutMachinesWhoseNumbersAreOutOfRange) {
  Farm farm;
  farm.machine("hydra-provisioned-1", "aarch64-linux", "10.0.0.1");
  farm.pool("aarch64-linux").max_jobs = -1;
  EXPECT_TRUE(left_out(farm).ends_with("maxJobs -1 is not a whole number from 0 to 2147483647"));
  farm.pool("aarch64-linux").max_jobs = 5'000'000'000;
  EXPECT_TRUE(left_out(farm).contains("maxJobs 5000000000 "));
  farm.pool("aarch64-linux").max_jobs = 1;
  farm.pool("aarch64-linux").speed_factor = 0;
  EXPECT_TRUE(left_out(farm).ends_with("speedFactor 0 is not a whole number from 1 to 2147483647"));
}

TEST(MachinesFile, HasNoLineForAPoolWhoseWordsWouldBreakTheLine) {
  Farm farm;
  farm.pool("aarch64-linux").type.supported_features = {"a b"};
  const auto file = farm.file();
  EXPECT_EQ(file.content, "# hydra-provisioner hydra-provisioned\n");
  EXPECT_EQ(file.left_out, std::vector<std::string>{
                               "aarch64-linux: no placeholder in the machines file: systems \"aarch64-linux\" and "
                               "features \"a b\" are not lists of plain words"});
}

// Arbitrary machines.

rc::Gen<std::string> address() {
  return rc::gen::oneOf(rc::gen::map(rc::gen::inRange(1, 5), [](int n) { return fmt::format("10.0.0.{}", n); }),
                        rc::gen::element<std::string>("builder", "::1", "x86-64-linux.placeholder.invalid", "a b",
                                                      "a\nroot@b x", "a;@/etc/passwd"),
                        rc::gen::arbitrary<std::string>());
}

rc::Gen<std::optional<std::string>> ssh_key() {
  return rc::gen::map(rc::gen::oneOf(rc::gen::element<std::string>("none", "-", "/key", "/key\n@x", "/a b"),
                                     rc::gen::arbitrary<std::string>()),
                      [](std::string path) { return path == "none" ? std::nullopt : std::optional(std::move(path)); });
}

rc::Gen<std::string> any_host_key() {
  return rc::gen::oneOf(rc::gen::element<std::string>("", host_key, "ssh-rsa AAAA", "ssh-rsa AAA"),
                        rc::gen::arbitrary<std::string>());
}

Farm any_farm() {
  Farm farm;
  const std::vector<std::string> names{"x86_64-linux", "X86-64-linux", "aarch64-linux,armv7l-linux:kvm",
                                       "aarch64-linux"};
  for (const auto& name : names) farm.pool(name).ssh_key = *ssh_key();
  farm.pool("x86_64-linux").type.supported_features = {"benchmark", "kvm"};
  farm.pool("x86_64-linux").max_jobs = *rc::gen::arbitrary<std::int64_t>();
  farm.pool("aarch64-linux").speed_factor = *rc::gen::arbitrary<std::int64_t>();
  const int machines = *rc::gen::inRange(0, 12);
  for (int n = 0; n < machines; ++n) {
    farm.machine(fmt::format("hydra-provisioned-{}", n), *rc::gen::elementOf(names), *address()).host_key =
        *any_host_key();
  }
  return farm;
}

std::string without_minus(const std::optional<std::string>& column) { return column && *column != "-" ? *column : ""; }

RC_GTEST_PROP(MachinesFile, ListsExactlyTheMachinesThatItReports, ()) {
  const Farm farm = any_farm();
  const MachinesFile file = farm.file();
  const auto read = read_machines_file(file.content);
  RC_ASSERT(read.has_value());
  RC_ASSERT(tag_of_machines_file(file.content) == "hydra-provisioned");
  RC_ASSERT(file.listed.size() + file.left_out.size() == farm.machines.size());

  std::set<PoolName> pools_with_machines;
  for (const auto& id : file.listed) {
    const auto machine = std::ranges::find(farm.machines, id, &Machine::id);
    const auto& pool = farm.config.pools.at(machine->pool);
    RC_ASSERT(read->contains(queue_name(*machine)));
    const auto& line = read->at(queue_name(*machine));
    RC_ASSERT(line.systems == pool.type.systems);
    RC_ASSERT(line.supported == pool.type.supported_features && line.mandatory == pool.type.mandatory_features);
    RC_ASSERT(without_minus(line.ssh_key) == without_minus(pool.ssh_key));
    RC_ASSERT(line.max_jobs == pool.max_jobs);
    RC_ASSERT(line.host_key.value_or("") == machine->host_key);
    pools_with_machines.insert(machine->pool);
  }
  const auto placeholders = static_cast<std::size_t>(std::ranges::count_if(*read, [](const auto& line) {
    return line.first.ends_with(".placeholder.invalid") && line.second.max_jobs == 0;
  }));
  RC_ASSERT(placeholders == farm.config.pools.size() - pools_with_machines.size());
  RC_ASSERT(read->size() == file.listed.size() + placeholders);
}

RC_GTEST_PROP(MachinesFile, ReportsEachMachineThatIsLeftOutOnOneLine, ()) {
  for (const auto& message : any_farm().file().left_out) {
    RC_ASSERT(std::ranges::none_of(message, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }));
  }
}

TEST(TagOfMachinesFile, IsInItsFirstLine) {
  EXPECT_EQ(tag_of_machines_file("# hydra-provisioner blue\nroot@a x86_64-linux\n"), "blue");
  EXPECT_EQ(tag_of_machines_file("# hydra-provisioner blue"), "blue");
}

TEST(TagOfMachinesFile, IsEmptyForAFileOfAnotherOrigin) {
  EXPECT_EQ(tag_of_machines_file(""), "");
  EXPECT_EQ(tag_of_machines_file("root@a x86_64-linux\n# hydra-provisioner blue\n"), "");
  EXPECT_EQ(tag_of_machines_file("# hydra-provisioner"), "");
}

}  // namespace
}  // namespace hydra_provisioner::publish
