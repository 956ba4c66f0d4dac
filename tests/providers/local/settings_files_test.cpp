#include <gtest/gtest.h>

#include "providers/local/settings_files.hpp"

namespace hydra_provisioner::providers::local {
namespace {

const MachineFolder folder{"/state/local/t-1"};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

PoolConfig pool_with(LocalSettings settings) {
  PoolConfig pool;
  pool.type = {.systems = {"i686-linux", "x86_64-linux"}, .supported_features = {"benchmark", "big-parallel"}};
  pool.max_jobs = 3;
  pool.provider = settings;
  return pool;
}

TEST(SshdConfig, ForcesEveryLoginToServeTheMachinesStoreAndNothingElse) {
  const std::string text = sshd_config_text(folder, {.address = "127.83.1.2", .nix_store = "/usr/bin/nix-store"});
  EXPECT_TRUE(has_line(text, "ListenAddress 127.83.1.2:22")) << text;
  EXPECT_TRUE(has_line(text, "AuthenticationMethods publickey")) << text;
  EXPECT_TRUE(has_line(text, "UsePAM no")) << text;
  EXPECT_TRUE(has_line(text,
                       "ForceCommand exec env -i HYDRA_PROVISIONER_MACHINE=/state/local/t-1 PATH=/usr/bin:/bin "
                       "NIX_CONF_DIR=/state/local/t-1 NIX_USER_CONF_FILES=/dev/null TMPDIR=/state/local/t-1/tmp "
                       "/usr/bin/nix-store --serve --write --store /state/local/t-1/store"))
      << text;
}

TEST(SshdConfig, RunsEachSessionWithTheUsersOfTheMachine) {
  const std::string text = sshd_config_text(
      folder, {.address = "127.83.1.2", .nix_store = "/usr/bin/nix-store", .unshare = "/usr/bin/unshare"});
  EXPECT_TRUE(has_line(text,
                       "ForceCommand exec env -i HYDRA_PROVISIONER_MACHINE=/state/local/t-1 PATH=/usr/bin:/bin "
                       "NIX_CONF_DIR=/state/local/t-1 NIX_USER_CONF_FILES=/dev/null TMPDIR=/state/local/t-1/tmp "
                       "NIX_STATE_DIR=/run/hydra-provisioner /usr/bin/unshare --mount /bin/sh -e "
                       "/state/local/t-1/session /usr/bin/nix-store --serve --write --store "
                       "/run/hydra-provisioner/store"))
      << text;
}

TEST(SshdConfig, ServesThisHostsStoreWhenAskedTo) {
  const std::string text =
      sshd_config_text(folder, {.address = "127.83.1.2", .nix_store = "/usr/bin/nix-store", .own_store = false});
  EXPECT_NE(text.find("/usr/bin/nix-store --serve --write\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("TMPDIR"), std::string::npos) << text;
}

TEST(SshdConfig, KeepsRootsShellFromRootsStartUpFiles) {
  const std::string text = sshd_config_text(folder, {.address = "127.83.1.2", .nix_store = "/usr/bin/nix-store"});
  EXPECT_TRUE(has_line(text, "SetEnv HOME=/state/local/t-1")) << text;
}

TEST(SshdConfig, UsesPamForARootWhosePasswordIsLocked) {
  const std::string text = sshd_config_text(folder, {.address = "127.83.1.2", .nix_store = "/n", .uses_pam = true});
  EXPECT_TRUE(has_line(text, "UsePAM yes")) << text;
}

TEST(NixConf, MakesTheMachineWhatItsPoolSays) {
  const std::string text = nix_conf_text(pool_with({}), {});
  EXPECT_TRUE(has_line(text, "system-features = benchmark big-parallel")) << text;
  EXPECT_TRUE(has_line(text, "extra-platforms = i686-linux x86_64-linux")) << text;
  EXPECT_TRUE(has_line(text, "max-jobs = 3")) << text;
}

TEST(NixConf, HasTheExperimentalFeaturesThatItsFeaturesNeed) {
  PoolConfig pool = pool_with({});
  EXPECT_EQ(nix_conf_text(pool, {}).find("experimental"), std::string::npos);
  pool.type.supported_features = {"ca-derivations", "kvm", "recursive-nix", "uid-range"};
  const std::string text = nix_conf_text(pool, {});
  EXPECT_TRUE(has_line(text, "extra-experimental-features = ca-derivations recursive-nix auto-allocate-uids cgroups"))
      << text;
  EXPECT_TRUE(has_line(text, "system-features = ca-derivations kvm recursive-nix uid-range")) << text;
}

TEST(NixConf, HasTheSupportedFeaturesThatAreNotMandatory) {
  PoolConfig pool = pool_with({});
  pool.type.mandatory_features = {"benchmark"};
  EXPECT_TRUE(has_line(nix_conf_text(pool, {}), "system-features = benchmark big-parallel"));
}

TEST(NixConf, NeverBuildsInItsOwnStoreWithoutASandbox) {
  const std::string text = nix_conf_text(pool_with({}), {.has_build_users = true});
  EXPECT_TRUE(has_line(text, "sandbox = true")) << text;
  EXPECT_TRUE(has_line(text, "sandbox-fallback = false")) << text;
  EXPECT_TRUE(has_line(text, "substituters =")) << text;
}

TEST(NixConf, LetsThisHostsSettingsStandForThisHostsStore) {
  const std::string text = nix_conf_text(pool_with({.own_store = false}), {.has_build_users = true});
  EXPECT_TRUE(has_line(text, "!include /etc/nix/nix.conf")) << text;
  EXPECT_EQ(text.find("substituters"), std::string::npos) << text;
  EXPECT_GT(text.find("system-features = "), text.find("!include")) << "the machine's features win: " << text;
}

std::string last_group(LocalSettings settings, bool host_has_build_users) {
  const std::string text = nix_conf_text(pool_with(settings), {.has_build_users = host_has_build_users});
  const std::size_t begin = text.rfind("build-users-group = ");
  return begin == std::string::npos ? "none" : text.substr(begin + 20, text.find('\n', begin) - begin - 20);
}

TEST(NixConf, NeverBuildsAsRootUnlessBuildsAreTrusted) {
  EXPECT_EQ(last_group({}, true), "hydra-builds");
  EXPECT_EQ(last_group({}, false), "hydra-builds");
  EXPECT_EQ(last_group({.own_store = false}, true), "nixbld");
  EXPECT_EQ(last_group({.own_store = false}, false), "hydra-builds");
  const std::string text = nix_conf_text(pool_with({.own_store = false}), {});
  EXPECT_LT(text.find("!include"), text.rfind("build-users-group")) << "the machine's group wins: " << text;

  EXPECT_EQ(last_group({.trust_builds = true}, true), "");
  EXPECT_EQ(last_group({.own_store = false, .trust_builds = true}, true), "none") << "as this host says";
}

TEST(NixConf, GivesThisHostsStoreWhatTheHostLacks) {
  const std::string text =
      nix_conf_text(pool_with({.own_store = false}), {.has_build_users = false, .has_busybox = true});
  EXPECT_LT(text.find("sandbox-paths = /bin/sh=/bin/busybox\n"), text.find("!include")) << text;
}

}  // namespace
}  // namespace hydra_provisioner::providers::local
