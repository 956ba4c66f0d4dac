// With the real Nix.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "io/text/json.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::expected<Config, ConfigErrors> load(const std::string& file) { return support::await(load_config(file, {})); }

// The only error of a file.
std::string error_of_file(const std::string& file) {
  const auto config = load(file);
  if (config) return "none";
  return config.error().size() == 1 ? config.error()[0] : io::Json(config.error()).dump();
}

class LoadConfig : public testing::Test {
 protected:
  // Writes a file with this content and returns its name.
  std::string conf_nix(const std::string& content) const {
    const std::string file = folder_.path + "/conf.nix";
    std::ofstream(file) << content;
    return file;
  }

  // The only error of a file with this content, without the folder of the file.
  std::string error_of(const std::string& content) const {
    std::string error = error_of_file(conf_nix(content));
    const std::string start = folder_.path + "/";
    for (auto at = error.find(start); at != error.npos; at = error.find(start)) error.erase(at, start.size());
    return error;
  }

  const std::string& folder() const { return folder_.path; }

 private:
  support::TemporaryFolder folder_;
};

// A valid configuration with this list of strings as its status command.
std::string with_status_command(const std::string& expression) {
  return "{ statusCommand = " + expression + "; systemTypes.x86_64-linux.local = { }; }";
}

TEST_F(LoadConfig, ReadsAFileOfTheOriginalProvisioner) {
  const auto config = load(TEST_DATA "/config/readme.nix");
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_EQ(config->file, TEST_DATA "/config/readme.nix");
  EXPECT_EQ(config->tag.text, "my-farm");
  EXPECT_THAT(config->status_command, ElementsAre("ssh", "root@hydra.example.org", "hydra-queue-runner", "--status"));
  ASSERT_EQ(config->pools.size(), 3U);

  const PoolConfig& pool = config->pools.at(PoolName("x86_64-linux"));
  EXPECT_EQ(pool.max_machines, 12);
  EXPECT_EQ(pool.grace_period, Seconds{600});
  const auto& nixops = std::get<NixopsSettings>(pool.provider);
  EXPECT_EQ(nixops.expression, TEST_DATA "/config/deployment.nix");
  EXPECT_THAT(nixops.nix_path, ElementsAre("nixpkgs=/nix/nixpkgs", TEST_DATA "/config/modules"));

  const PoolConfig& benchmarks = config->pools.at(PoolName("x86_64-linux:benchmark"));
  EXPECT_EQ(std::get<NixopsSettings>(benchmarks.provider).expression, TEST_DATA "/config/deployment.nix");
  EXPECT_FALSE(std::get<LocalSettings>(config->pools.at(PoolName("aarch64-linux,armv7l-linux")).provider).own_store);
}

TEST_F(LoadConfig, CallsAFunctionWithItsDefaults) {
  EXPECT_TRUE(load(conf_nix("{ }: { systemTypes.x86_64-linux.local = { }; }")));
  EXPECT_TRUE(load(conf_nix("{ ... }: { systemTypes.x86_64-linux.local = { }; }")));
  const auto config =
      load(conf_nix("{ max ? 7 }: { systemTypes.x86_64-linux = { local = { }; maxMachines = max; }; }"));
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_EQ(config->pools.at(PoolName("x86_64-linux")).max_machines, 7);
}

TEST_F(LoadConfig, SaysWhichArgumentAFunctionRequires) {
  EXPECT_THAT(error_of("{ max }: { }"), HasSubstr("called without required argument 'max'"));
}

TEST_F(LoadConfig, ConvertsPathsAndDerivationsToStrings) {
  const auto config = load(conf_nix(with_status_command(R"([
    ./status.sh
    { type = "derivation"; outPath = "/nix/store/x"; }
    { __toString = self: "text"; }
    "${toString ./a}/b"
  ])")));
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_THAT(config->status_command, ElementsAre(folder() + "/status.sh", "/nix/store/x", "text", folder() + "/a/b"));
}

TEST_F(LoadConfig, FindsAProgramBesideTheFileOrInThePath) {
  const auto config = load(conf_nix(R"({ systemTypes = {
    x86_64-linux.exec.command = [ "./bin/../provider" "./x" ];
    "x86_64-linux:a".exec.command = [ ./provider ];
    "x86_64-linux:b".exec.command = [ "provider" ];
    "x86_64-linux:c".exec.command = [ "/bin/provider" ];
  }; })"));
  ASSERT_TRUE(config) << io::Json(config.error());
  const auto command = [&](const char* pool) {
    return std::get<ExecSettings>(config->pools.at(PoolName(pool)).provider).command;
  };
  EXPECT_THAT(command("x86_64-linux"), ElementsAre(folder() + "/provider", "./x"));
  EXPECT_THAT(command("x86_64-linux:a"), ElementsAre(folder() + "/provider"));
  EXPECT_THAT(command("x86_64-linux:b"), ElementsAre("provider"));
  EXPECT_THAT(command("x86_64-linux:c"), ElementsAre("/bin/provider"));
  const auto recorded = read_pool("x86_64-linux", config->pools.at(PoolName("x86_64-linux")).settings_json);
  ASSERT_TRUE(recorded);
  EXPECT_EQ(std::get<ExecSettings>(recorded->provider).command.front(), folder() + "/provider");
}

TEST_F(LoadConfig, FindsARelativeFile) {
  std::filesystem::create_directory(folder() + "/below");
  conf_nix(with_status_command("[ ./status.sh ]"));
  const std::string back = std::filesystem::current_path();
  std::filesystem::current_path(folder() + "/below");
  const auto config = load("../conf.nix");
  std::filesystem::current_path(back);
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_EQ(config->file, folder() + "/conf.nix");
  EXPECT_THAT(config->status_command, ElementsAre(folder() + "/status.sh"));
}

TEST_F(LoadConfig, ReportsAllErrorsUnderTheGivenNameOfTheFile) {
  const std::string file = conf_nix(
      "{ systemTypes.x86_64-linux = { local = { }; maxMachine = 3; gracePeriod = \"10 min\"; sshKey = x: x; }; }");
  const auto config = load(file);
  ASSERT_FALSE(config);
  const std::string start = file + ": systemTypes.x86_64-linux.";
  EXPECT_THAT(config.error(),
              ElementsAre(start + "maxMachine: unknown option (did you mean maxMachines?)",
                          start + "sshKey: a function is not a string",
                          start + "gracePeriod: \"10 min\" is not a whole number of seconds; write 600"));
}

TEST_F(LoadConfig, ShowsWhereAFileDoesNotParse) {
  const std::string error = error_of("{\n  tag = \"a\";;\n}\n");
  EXPECT_THAT(error, StartsWith("conf.nix: cannot be evaluated: syntax error, unexpected ';'"));
  EXPECT_THAT(error, HasSubstr("conf.nix:2:"));
  EXPECT_THAT(error, testing::Not(HasSubstr("warning")));
  EXPECT_FALSE(error.ends_with('\n'));
}

TEST_F(LoadConfig, ShowsTheMessageThatAFileThrows) {
  const std::string error = error_of(R"({ tag = throw "no tag\nfor today"; })");
  EXPECT_THAT(error, StartsWith("conf.nix: cannot be evaluated: "));
  EXPECT_THAT(error, HasSubstr("no tag"));
  EXPECT_THAT(error, HasSubstr("for today"));
}

TEST_F(LoadConfig, EndsAnInfiniteRecursion) {
  EXPECT_THAT(error_of("let x = x; in x"), HasSubstr("infinite recursion"));
  EXPECT_THAT(error_of("let x = { tag = x; }; in x"), HasSubstr("conf.nix: cannot be evaluated:"));
}

TEST_F(LoadConfig, RecommendsNoOptionOfAnotherProgram) {
  EXPECT_THAT(error_of("let x = x; in x"), testing::Not(HasSubstr("--show-trace")));
}

TEST_F(LoadConfig, DistinguishesAMissingFileFromAFolder) {
  EXPECT_EQ(error_of_file("/nonexistent/conf.nix"), "/nonexistent/conf.nix: no such file");
  EXPECT_EQ(error_of_file(conf_nix("{ }") + "/conf.nix"), folder() + "/conf.nix/conf.nix: no such file");
  EXPECT_EQ(error_of_file(folder()), folder() + ": is a folder; name the file in it");
}

TEST_F(LoadConfig, SaysWhyAFileCannotBeRead) {
  const std::string file = conf_nix("{ }");
  std::filesystem::permissions(folder(), std::filesystem::perms::all);
  std::filesystem::permissions(file, std::filesystem::perms::none);
  constexpr uid_t nobody = 65534;  // root can read every file
  const uid_t us = ::geteuid();
  if (us == 0) {
    ASSERT_EQ(::setresuid(nobody, nobody, us), 0);
  }
  const std::string error = error_of_file(file);
  ASSERT_EQ(::setresuid(us, us, us), 0);
  EXPECT_EQ(error, file + ": cannot be read: Permission denied");
}

TEST_F(LoadConfig, SaysThatNixIsMissing) {
  const std::string file = conf_nix("{ }");
  const char* path = std::getenv("PATH");
  const std::string before = path == nullptr ? "" : path;
  ::setenv("PATH", folder().c_str(), 1);
  const std::string error = error_of_file(file);
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_THAT(error, StartsWith(file + ": cannot be evaluated: nix-instantiate: not found in PATH"));
}

TEST_F(LoadConfig, RefusesAValueThatIsTooDeepOrTooLarge) {
  EXPECT_EQ(error_of("{ tag = builtins.foldl' (inner: _: [ inner ]) 1 (builtins.genList (x: x) 150); }"),
            "conf.nix: its value cannot be read: more than 100 levels");
  EXPECT_THAT(error_of("{ tag = builtins.genList (x: \"twenty characters....\") 1000000; }"),
              StartsWith("conf.nix: cannot be evaluated: nix-instantiate "));
}

}  // namespace
}  // namespace hydra_provisioner::config
