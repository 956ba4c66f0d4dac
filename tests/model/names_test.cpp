#include "model/names.hpp"

#include <type_traits>

#include <gtest/gtest.h>

#include "model/config.hpp"
#include "model/error.hpp"
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
  EXPECT_EQ(number_of(MachineId("a-9223372036854775807")), 9223372036854775807);
}

TEST(MachineNumber, OfAnIdThatIsNoneOfOursIsMinus1) {
  for (const char* id : {"", "-", "a-", "a", "a-1x", "a-x1", "a- 1", "a-+1", "a-1 ", "a-9223372036854775808"}) {
    EXPECT_EQ(number_of(MachineId(id)), -1) << '"' << id << '"';
  }
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
