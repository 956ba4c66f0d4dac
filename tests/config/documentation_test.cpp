// docs/configuration.md agrees with the code.
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "config/options.hpp"
#include "io/text/json.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::config {
namespace {

std::string documentation() {
  std::ifstream file(TEST_DATA "/../../docs/configuration.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string table(std::span<const Option> options) {
  std::string text = "| option | value | default | meaning |\n|---|---|---|---|\n";
  for (const Option& option : options) {
    const std::string default_text = option.default_text.empty() ? "none" : fmt::format("`{}`", option.default_text);
    text += fmt::format("| `{}` | {} | {} | {} |\n", option.name, value_text(option), default_text, option.meaning);
  }
  return text;
}

// The text of the first code block of this language after a heading.
std::string code_block(const std::string& language, const std::string& heading) {
  const std::string text = documentation();
  const std::string fence = "```" + language + "\n";
  const auto begin = text.find(fence, text.find("\n## " + heading + "\n")) + fence.size();
  return text.substr(begin, text.find("```\n", begin) - begin);
}

std::expected<Config, ConfigErrors> load_text(const std::string& content) {
  const support::TemporaryFolder folder;
  const std::string file = folder.path + "/conf.nix";
  std::ofstream(file) << content;
  auto config = support::await(load_config(file, {}));
  if (config) return config;
  for (std::string& error : config.error()) error.erase(0, folder.path.size() + 1);
  return config;
}

TEST(Documentation, ListsEveryOptionWithItsDefault) {
  const std::string text = documentation();
  EXPECT_THAT(text, testing::HasSubstr(table(top_level_options())));
  EXPECT_THAT(text, testing::HasSubstr(table(queue_options())));
  EXPECT_THAT(text, testing::HasSubstr(table(pool_options())));
  EXPECT_THAT(text, testing::HasSubstr(table(local_options())));
  EXPECT_THAT(text, testing::HasSubstr(table(ec2_options())));
  EXPECT_THAT(text, testing::HasSubstr(table(region_options())));
  EXPECT_THAT(text, testing::HasSubstr(table(schedule_options())));
  EXPECT_THAT(text, testing::HasSubstr(table(exec_options())));
}

TEST(Documentation, BeginsWithAValidConfiguration) {
  const auto config = load_text(code_block("nix", "An example"));
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_EQ(config->pools.size(), 2U);
}

TEST(Documentation, ShowsTheErrorsAsTheyAre) {
  const auto config = load_text(code_block("nix", "Errors"));
  ASSERT_FALSE(config);
  EXPECT_EQ(fmt::format("{}\n", fmt::join(config.error(), "\n")), code_block("text", "Errors"));
}

// The options of a table with their defaults, as in a configuration.
std::string defaults(std::span<const Option> options) {
  std::string text;
  for (const Option& option : options) {
    if (!option.default_text.empty()) text += fmt::format("{} = {}; ", option.name, option.default_text);
  }
  return text;
}

std::string shown(const Config& config) {
  const PoolConfig& pool = config.pools.at(PoolName("x86_64-linux"));
  const auto& local = std::get<LocalSettings>(pool.provider);
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {}; {} {} {} {} {} {} {} {} {} {} {}; {} {}", config.tag,
                     config.status_command, config.status_timeout.count(), config.update_command.has_value(),
                     config.machines_file, config.placeholders, config.max_parallel, config.pass_timeout.count(),
                     config.settle.count(), config.quiet.count(), config.interval.count(), pool.min_machines,
                     pool.max_machines, pool.ignored_runnables, pool.runnables_per_machine, pool.max_jobs,
                     pool.speed_factor, pool.ssh_key.has_value(), pool.stop_on_idle, pool.grace_period.count(),
                     pool.billing_period.value_or(Seconds{0}).count(), pool.boot_timeout.count(), local.own_store,
                     local.boot_seconds.count()) +
         fmt::format("; {} {} {}; {} {} {}", pool.max_unavailable, pool.consecutive_failures, pool.schedules.size(),
                     local.trust_builds, local.first_uid, local.uids);
}

TEST(Options, HaveTheDefaultsThatTheirTableSays) {
  const auto silent = load_text("{ systemTypes.x86_64-linux.local = { }; }");
  const auto explicit_defaults =
      load_text(fmt::format("{{ {} systemTypes.x86_64-linux = {{ {} local = {{ {} }}; }}; }}",
                            defaults(top_level_options()), defaults(pool_options()), defaults(local_options())));
  ASSERT_TRUE(silent) << io::Json(silent.error());
  ASSERT_TRUE(explicit_defaults) << io::Json(explicit_defaults.error());
  EXPECT_EQ(shown(*silent), shown(*explicit_defaults));
}

}  // namespace
}  // namespace hydra_provisioner::config
