#include "model/names.hpp"

#include <set>
#include <type_traits>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/machine.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {
namespace {

TEST(Names, OfDifferentKindsAreNotMixedUp) {
  EXPECT_FALSE((std::is_convertible_v<MachineId, PoolName>));
  EXPECT_FALSE((std::is_convertible_v<std::string, MachineId>));
  EXPECT_FALSE((std::is_constructible_v<MachineId, PoolName>));
}

TEST(Names, CompareByTheirText) {
  EXPECT_EQ(PoolName("a"), PoolName("a"));
  EXPECT_LT(PoolName("aarch64-linux"), PoolName("x86_64-linux"));
}

TEST(Names, AreWrittenAsTheirText) { EXPECT_EQ(fmt::format("{:>4}|", MachineId("a-1")), " a-1|"); }

TEST(MachineNumber, IsWhatFollowsTheTag) {
  EXPECT_EQ(number_of(MachineId("hydra-provisioned-14")), 14);
  EXPECT_EQ(number_of(MachineId("farm-2-0")), 0);
  EXPECT_EQ(number_of(MachineId("a-999999999999999")), machine_numbers_end - 1);
}

TEST(MachineNumber, OfAnIdThatIsNoneOfOursIsMinus1) {
  for (const char* id : {"", "-", "a-", "a", "a-1x", "a-x1", "a- 1", "a-+1", "a-1 ", "a-00", "a-007",
                         "a-1000000000000000", "a-9223372036854775807", "a-9223372036854775808"}) {
    EXPECT_EQ(number_of(MachineId(id)), -1) << '"' << id << '"';
  }
}

RC_GTEST_PROP(MachineNumber, IsReadOnlyFromAnIdAsWeWriteIt, ()) {
  const auto digits = *rc::gen::container<std::string>(rc::gen::inRange('0', static_cast<char>('9' + 1)));
  const std::int64_t number = number_of(MachineId("a-" + digits));
  RC_ASSERT(number < machine_numbers_end);
  if (number >= 0) RC_ASSERT(fmt::format("{}", number) == digits);
}

RC_GTEST_PROP(MachineNumber, IsReadFromEveryIdThatWeWrite, ()) {
  const auto number = *rc::gen::inRange<std::int64_t>(0, machine_numbers_end);
  const MachineId id(fmt::format("a-1-{}", number));
  RC_ASSERT(number_of(id) == number);
  RC_ASSERT(is_of(Tag("a-1"), id));
  RC_ASSERT(!is_of(Tag("a"), id));
}

TEST(Addresses, HaveAUserAHostAndAPort) {
  EXPECT_EQ(login_parts("192.0.2.7"), (LoginParts{.user = "root", .host = "192.0.2.7"}));
  EXPECT_EQ(login_parts("ubuntu@192.0.2.7"), (LoginParts{.user = "ubuntu", .host = "192.0.2.7"}));
  EXPECT_EQ(login_parts("nix@b.example.org:2222"), (LoginParts{.user = "nix", .host = "b.example.org", .port = 2222}));
  EXPECT_EQ(login_parts("2001:db8::1"), (LoginParts{.host = "2001:db8::1"}));
  EXPECT_EQ(login_parts("[2001:db8::1]:2222"), (LoginParts{.host = "2001:db8::1", .port = 2222}));
  for (const char* no_port : {"host:", "host:x", "host:0", "host:65536", "host:1:2", ":", ""})
    EXPECT_EQ(login_parts(no_port).port, std::nullopt) << no_port;
}

TEST(Addresses, HaveTheUserOfTheirPool) {
  PoolConfig pool;
  EXPECT_EQ(address_in(pool, "192.0.2.7"), "192.0.2.7");
  pool.ssh_user = "ubuntu";
  EXPECT_EQ(address_in(pool, "192.0.2.7:2222"), "ubuntu@192.0.2.7:2222");
  EXPECT_EQ(address_in(pool, "nix@192.0.2.7"), "nix@192.0.2.7");
  EXPECT_EQ(address_in(pool, ""), "");
}

RC_GTEST_PROP(Addresses, AreReadAsTheyAreWritten, ()) {
  const auto host = *rc::gen::element<std::string>("192.0.2.7", "b.example.org", "2001:db8::1", "::1");
  const auto port = *rc::gen::inRange<std::int64_t>(1, 65536);
  const LoginParts parts = login_parts(address_with(host, port));
  RC_ASSERT(parts.host == host);
  RC_ASSERT(parts.port.value_or(22) == port);
}

TEST(Providers, AreReadAsTheyAreWritten) {
  for (const ProviderKind kind : {ProviderKind::local, ProviderKind::nixops, ProviderKind::ec2, ProviderKind::exec}) {
    EXPECT_EQ(from_name<ProviderKind>(to_string(kind)), kind);
  }
  EXPECT_EQ(from_name<ProviderKind>("gce"), std::nullopt);
  EXPECT_EQ(from_name<ProviderKind>(""), std::nullopt);
}

TEST(Providers, AreToldFromAPoolsSettings) {
  PoolConfig pool;
  EXPECT_EQ(pool.kind(), ProviderKind::local);
  pool.provider = NixopsSettings{};
  EXPECT_EQ(pool.kind(), ProviderKind::nixops);
  pool.provider = Ec2Settings{};
  EXPECT_EQ(pool.kind(), ProviderKind::ec2);
  pool.provider = ExecSettings{};
  EXPECT_EQ(pool.kind(), ProviderKind::exec);
}

TEST(Providers, HaveTraitsOfTheirOwnKind) {
  for (const ProviderTraits& traits : all_provider_traits())
    EXPECT_EQ(&traits_of(kind_of(traits.defaults)), &traits) << traits.option;
}

TEST(Providers, OfAConfigurationAreThoseOfItsPoolsAndTheLocalOne) {
  Config config;
  EXPECT_EQ(providers_of(config), std::set{ProviderKind::local});
  config.pools[PoolName("a")].provider = ExecSettings{};
  config.pools[PoolName("b")].provider = ExecSettings{};
  EXPECT_EQ(providers_of(config), (std::set{ProviderKind::local, ProviderKind::exec}));
}

TEST(Errors, GainContextAsTheyRise) {
  const Error error = within("conf.nix", within("tag", Error{"is empty", ErrorKind::refused}));
  EXPECT_EQ(error, (Error{"conf.nix: tag: is empty", ErrorKind::refused}));
}

TEST(Instants, AreUnixSeconds) {
  EXPECT_EQ(to_unix(from_unix(1795453020)), 1795453020);
  EXPECT_EQ(from_unix(0), Instant{});
}

}  // namespace
}  // namespace hydra_provisioner
