#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "config/options.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// The mark that the evaluation leaves for a function.
const io::Json function = {{"<function>", nullptr}};

const io::Json smallest_ec2{{"region", "eu-west-1"}, {"image", "ami-1"}, {"instanceTypes", {"c7a.large"}}};

io::Json with_pool(const io::Json& settings, const std::string& type = "x86_64-linux") {
  return {{"systemTypes", {{type, settings}}}};
}

// A local pool with these settings.
io::Json local_pool(io::Json more) {
  more["local"] = io::Json::object();
  return with_pool(more);
}

// An exec pool with these settings.
io::Json exec_pool(io::Json more) {
  io::Json exec{{"command", {"/bin/x"}}};
  exec.update(more);
  return with_pool({{"exec", exec}});
}

// These top-level options and a valid pool.
io::Json with_options(io::Json options) {
  options.update(local_pool(io::Json::object()));
  return options;
}

ConfigErrors errors_of(const io::Json& value, ConfigOptions options = {}) {
  const auto config = read_config("conf.nix", value, options);
  return config ? ConfigErrors{} : config.error();
}

// The only error, without the beginning that all errors have.
std::string error_of(const io::Json& value, ConfigOptions options = {}) {
  const ConfigErrors errors = errors_of(value, options);
  if (errors.size() != 1) return "errors: " + io::Json(errors).dump();
  const std::string start = "conf.nix: ";
  return errors[0].starts_with(start) ? errors[0].substr(start.size()) : "no file: " + errors[0];
}

// The only error of a local pool with this setting, without its path.
std::string pool_error(const std::string& name, const io::Json& value) {
  const std::string error = error_of(local_pool({{name, value}}));
  const std::string start = "systemTypes.x86_64-linux." + name + ": ";
  return error.starts_with(start) ? error.substr(start.size()) : error;
}

PoolConfig pool_of(const io::Json& value, const std::string& type = "x86_64-linux") {
  const auto config = read_config("conf.nix", value, {});
  return config ? config->pools.at(PoolName(type)) : PoolConfig{};
}

TEST(ReadConfig, ReadsWhereMetricsGo) {
  const auto config = read_config(
      "conf.nix",
      with_options({{"metricsListen", "[::1]:9817"}, {"metricsFile", "/m.prom"}, {"metricsPerMachine", true}}), {});
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_EQ(config->metrics.listen, "[::1]:9817");
  EXPECT_EQ(config->metrics.file, "/m.prom");
  EXPECT_TRUE(config->metrics.of_each_machine);
  EXPECT_EQ(error_of(with_options({{"metricsListen", "localhost:9817"}})),
            R"(metricsListen: "localhost:9817" is not an address and a port; write them as in "127.0.0.1:9817" or )"
            R"("[::1]:9817")");
}

TEST(ReadConfig, FillsInTheDefaults) {
  const auto config = read_config("conf.nix", local_pool(io::Json::object()), {});
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_EQ(config->tag.text, "hydra-provisioned");
  EXPECT_THAT(config->status_command, ElementsAre("hydra-queue-runner", "--status"));
  EXPECT_EQ(config->update_command, std::nullopt);
  const PoolConfig& pool = config->pools.at(PoolName("x86_64-linux"));
  EXPECT_EQ(pool.name.text, "x86_64-linux");
  EXPECT_THAT(pool.type.systems, ElementsAre("i686-linux", "x86_64-linux"));
  EXPECT_EQ(pool.max_machines, 1);
  EXPECT_EQ(pool.ssh_key, std::nullopt);
  EXPECT_EQ(pool.kind(), ProviderKind::local);
  EXPECT_TRUE(std::get<LocalSettings>(pool.provider).own_store);
}

TEST(ReadConfig, ReadsEveryTopLevelOption) {
  const auto config = read_config("conf.nix",
                                  with_options({{"tag", "farm"},
                                                {"statusCommand", {"ssh", "hydra", "status"}},
                                                {"statusTimeout", 1},
                                                {"updateCommand", {"tee"}},
                                                {"machinesFile", "/tmp/machines"},
                                                {"placeholders", false},
                                                {"maxParallel", 2},
                                                {"passTimeout", 3},
                                                {"settle", 4},
                                                {"quiet", 5},
                                                {"interval", 6}}),
                                  {});
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_EQ(config->tag.text, "farm");
  EXPECT_THAT(config->status_command, ElementsAre("ssh", "hydra", "status"));
  EXPECT_EQ(config->status_timeout, Seconds{1});
  EXPECT_THAT(config->update_command, testing::Optional(ElementsAre("tee")));
  EXPECT_EQ(config->machines_file, "/tmp/machines");
  EXPECT_FALSE(config->placeholders);
  EXPECT_EQ(config->max_parallel, 2);
  EXPECT_EQ(config->pass_timeout, Seconds{3});
  EXPECT_EQ(config->settle, Seconds{4});
  EXPECT_EQ(config->quiet, Seconds{5});
  EXPECT_EQ(config->interval, Seconds{6});
}

TEST(ReadConfig, ReadsEveryOptionOfASystemType) {
  const PoolConfig pool = pool_of(local_pool({{"minMachines", 1},
                                              {"maxMachines", 20},
                                              {"spareMachines", 13},
                                              {"standbyMachines", 2},
                                              {"pricePerHour", 2},
                                              {"stoppedPricePerHour", 0.01},
                                              {"ignoredRunnables", 3},
                                              {"runnablesPerMachine", 4},
                                              {"maxJobs", 5},
                                              {"speedFactor", 6},
                                              {"sshKey", "/var/lib/hydra/id_farm"},
                                              {"stopOnIdle", true},
                                              {"gracePeriod", 7},
                                              {"billingPeriod", 8},
                                              {"bootTimeout", 9},
                                              {"maxAge", 10},
                                              {"maxUnavailable", 11},
                                              {"replaceOnChange", false},
                                              {"consecutiveFailures", 12},
                                              {"maxUnhealthy", 45}}));
  EXPECT_EQ(pool.min_machines, 1);
  EXPECT_EQ(pool.max_machines, 20);
  EXPECT_EQ(pool.spare_machines, 13);
  EXPECT_EQ(pool.standby_machines, 2);
  EXPECT_EQ(pool.stopped_price_per_hour, Micros{10'000});
  EXPECT_EQ(pool.ignored_runnables, 3);
  EXPECT_EQ(pool.runnables_per_machine, 4);
  EXPECT_EQ(pool.max_jobs, 5);
  EXPECT_EQ(pool.speed_factor, 6);
  EXPECT_EQ(pool.ssh_key, "/var/lib/hydra/id_farm");
  EXPECT_TRUE(pool.stop_on_idle);
  EXPECT_EQ(pool.grace_period, Seconds{7});
  EXPECT_EQ(pool.billing_period, Seconds{8});
  EXPECT_EQ(pool.boot_timeout, Seconds{9});
  EXPECT_EQ(pool.max_age, Seconds{10});
  EXPECT_EQ(pool.max_unavailable, 11);
  EXPECT_EQ(pool.replace_on_change, false);
  EXPECT_EQ(pool.consecutive_failures, 12);
  EXPECT_EQ(pool.max_unhealthy, 45);
}

TEST(ReadConfig, TakesSystemsAndFeaturesFromTheNameByDefault) {
  const PoolConfig pool = pool_of(with_pool({{"local", io::Json::object()}}, "x86_64-linux:kvm"), "x86_64-linux:kvm");
  EXPECT_EQ(pool.type, parse_system_type("x86_64-linux:kvm").value());
  EXPECT_FALSE(pool.spill);
}

TEST(ReadConfig, ReadsWhatAPoolBuilds) {
  const auto kind_of = [](const std::string& name, io::Json settings) {
    settings["local"] = io::Json::object();
    return pool_of(with_pool(settings, name), name).type;
  };
  using Words = std::set<std::string>;
  const MachineKind wide = kind_of("big", {{"systems", {"x86_64-linux", "aarch64-linux"}},
                                           {"supportedFeatures", {"kvm", "gccarch-x86-64-v3", "uid-range", "a:b"}},
                                           {"mandatoryFeatures", io::Json::array()}});
  EXPECT_EQ(wide.systems, (Words{"aarch64-linux", "x86_64-linux"})) << "as it is written";
  EXPECT_EQ(wide.supported_features, (Words{"a:b", "gccarch-x86-64-v3", "kvm", "uid-range"}));
  EXPECT_EQ(wide.mandatory_features, Words{});
  EXPECT_EQ(kind_of("big", {{"systems", {"i686-linux", "x86_64-linux"}}}), parse_system_type("x86_64-linux").value());

  const MachineKind more = kind_of("x86_64-linux:kvm", {{"supportedFeatures", {"benchmark"}}});
  EXPECT_EQ(more.mandatory_features, (Words{"kvm"})) << "as the name says";
  EXPECT_EQ(more.supported_features, (Words{"benchmark", "kvm"})) << "what is mandatory is always supported";
  const MachineKind none = kind_of("x86_64-linux:kvm", {{"mandatoryFeatures", io::Json::array()}});
  EXPECT_EQ(none.mandatory_features, Words{});
  EXPECT_EQ(none.supported_features, (Words{"kvm"}));
  EXPECT_EQ(kind_of("x86_64-linux", {{"mandatoryFeatures", {"benchmark"}}}).supported_features, (Words{"benchmark"}));
}

TEST(ReadConfig, RefusesWhatCouldBreakTheMachinesFile) {
  EXPECT_EQ(pool_error("systems", io::Json::array()),
            "an empty list names no system; leave the option out for those in the name");
  EXPECT_EQ(pool_error("systems", {"x86 64"}),
            "element 1: \"x86 64\" is not a system; write one such as \"x86_64-linux\"");
  EXPECT_EQ(pool_error("systems", {"x86_64-linux:kvm"}),
            "element 1: \"x86_64-linux:kvm\" is not a system; write one such as \"x86_64-linux\"");
  for (const char* bad : {"", "-", "a b", "a,b", "a;b", "a#b", ":a", "a\tb"}) {
    EXPECT_EQ(pool_error("supportedFeatures", {"kvm", bad}),
              fmt::format("element 2: {:?} is not a system feature; write one such as \"big-parallel\"", bad));
  }
  EXPECT_EQ(pool_error("mandatoryFeatures", {"local"}),
            "element 1: \"local\" is no feature that a machine can have: the queue runner adds it to steps by itself");
  EXPECT_EQ(pool_error("spill", 1), "1 is not true or false");
}

TEST(ReadConfig, AcceptsTheOldNameOfTheStatusCommand) {
  const auto config = read_config("conf.nix", with_options({{"sshCommand", {"ssh", "hydra"}}}), {});
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_THAT(config->status_command, ElementsAre("ssh", "hydra"));
}

TEST(ReadConfig, ReadsTheSettingsOfEachProvider) {
  const auto local = std::get<LocalSettings>(
      pool_of(with_pool(
                  {{"local",
                    {{"store", "host"}, {"bootSeconds", 3}, {"trustBuilds", true}, {"firstUid", 60000}, {"uids", 8}}}}))
          .provider);
  EXPECT_FALSE(local.own_store);
  EXPECT_EQ(local.boot_seconds, Seconds{3});
  EXPECT_TRUE(local.trust_builds);
  EXPECT_EQ(local.first_uid, 60000);
  EXPECT_EQ(local.uids, 8);
  EXPECT_EQ(error_of(with_pool({{"local", {{"uids", 2}}}, {"maxJobs", 3}})),
            "systemTypes.x86_64-linux.local: uids = 2 are too few for a machine with maxJobs = 3; change one of them");

  const PoolConfig nixops = pool_of(
      with_pool({{"nixopsExpr", "/etc/farm.nix"}, {"nixPath", {"nixpkgs=/nixpkgs"}}, {"keepAliveInterval", 60}}));
  EXPECT_EQ(std::get<NixopsSettings>(nixops.provider).expression, "/etc/farm.nix");
  EXPECT_THAT(std::get<NixopsSettings>(nixops.provider).nix_path, ElementsAre("nixpkgs=/nixpkgs"));

  EXPECT_EQ(pool_of(with_pool({{"ec2", smallest_ec2}})).kind(), ProviderKind::ec2);

  const io::Json exec{{"command", {"/bin/provider", "-x"}}, {"settings", {{"region", "fsn1"}}}, {"timeout", 30}};
  EXPECT_EQ(
      std::get<ExecSettings>(pool_of(with_pool({{"exec", exec}})).provider),
      (ExecSettings{.command = {"/bin/provider", "-x"}, .settings = R"({"region":"fsn1"})", .timeout = Seconds{30}}));
  EXPECT_EQ(std::get<ExecSettings>(pool_of(exec_pool(io::Json::object())).provider),
            ExecSettings{.command = {"/bin/x"}});
}

TEST(ReadConfig, TakesAnHourForEc2sBillingPeriodByDefault) {
  EXPECT_EQ(pool_of(with_pool({{"ec2", smallest_ec2}})).billing_period, Seconds{3600});
  EXPECT_EQ(pool_of(with_pool({{"ec2", smallest_ec2}, {"billingPeriod", 60}})).billing_period, Seconds{60});
  EXPECT_EQ(pool_of(exec_pool(io::Json::object())).billing_period, std::nullopt);
}

TEST(ReadConfig, ReadsSchedules) {
  const PoolConfig pool = pool_of(local_pool({{"maxMachines", 4}, {"schedules", io::Json::parse(R"([
    {"days": "mon-fri", "hours": "8-17", "timeZone": "Europe/Amsterdam", "minMachines": 2},
    {"days": "sun", "maxMachines": 0},
    {"days": "sat", "spareMachines": 1}])")}}));
  ASSERT_EQ(pool.schedules.size(), 3U);
  EXPECT_EQ(pool.schedules[1].spare_machines, std::nullopt);
  EXPECT_EQ(pool.schedules[2].spare_machines, 1);
  EXPECT_EQ(pool.schedules[0].text, "mon-fri 8-17 Europe/Amsterdam");
  EXPECT_EQ(pool.schedules[0].days.count(), 5U);
  EXPECT_EQ(pool.schedules[0].minutes.count(), 600U);
  EXPECT_EQ(pool.schedules[0].time_zone, "Europe/Amsterdam");
  EXPECT_EQ(pool.schedules[0].min_machines, 2);
  EXPECT_EQ(pool.schedules[0].max_machines, std::nullopt);
  EXPECT_EQ(pool.schedules[1].text, "sun * UTC");
  EXPECT_EQ(pool.schedules[1].minutes.count(), minutes_of_day);
}

TEST(ReadConfig, SaysWhatIsWrongWithASchedule) {
  const std::string at = "conf.nix: systemTypes.x86_64-linux.schedules";
  EXPECT_THAT(errors_of(local_pool({{"schedules", "mon-fri"}})),
              ElementsAre(at + ": \"mon-fri\" is not a list of attribute sets"));
  EXPECT_THAT(errors_of(local_pool({{"schedules", io::Json::parse(R"([{"maxMachines": 1}, 3])")}})),
              ElementsAre(at + " element 2: 3 is not an attribute set"));
  EXPECT_THAT(
      errors_of(local_pool({{"schedules", io::Json::parse(R"([
        {"day": "mon", "maxMachines": 2},
        {"days": "mon-fry", "hours": "8-24", "timeZone": "Amsterdam", "minMachines": 1},
        {"days": "mon"},
        {"minMachines": 5},
        {"spareMachines": 5}])")}})),
      UnorderedElementsAre(
          at + " element 1.day: unknown option (did you mean days?)",
          at + " element 2.days: \"mon-fry\" is not days of the week; write them as in \"mon-fri\", \"sat,sun\" or "
               "\"*\"",
          at + " element 2.hours: \"8-24\" is not hours of the day; write them as in \"8-17\", \"22-5,12\", "
               "\"06:30-19:30\" or "
               "\"*\", from 0 to 23",
          at + " element 2.timeZone: \"Amsterdam\" is not a time zone of this host; write a name such as "
               "\"Europe/Amsterdam\", or install tzdata",
          at + " element 3.minMachines: neither this nor maxMachines nor spareMachines is given, so the schedule would "
               "change nothing; add one",
          at + " element 4: minMachines 5 is more than maxMachines 1 in this schedule; change one",
          at + " element 5: spareMachines 5 is more than maxMachines 1 in this schedule; change one"));
}

TEST(ReadConfig, ReportsAllErrorsAtOnce) {
  EXPECT_THAT(
      errors_of({{"tga", "farm"},
                 {"interval", 0},
                 {"systemTypes",
                  {{"x86_64-linux", {{"local", io::Json::object()}, {"maxMachine", 3}, {"gracePeriod", "10 min"}}},
                   {"x86_64-linux:benchmark", {{"local", io::Json::object()}, {"minMachines", 5}}}}}}),
      ElementsAre("conf.nix: tga: unknown option (did you mean tag?)",
                  "conf.nix: systemTypes.x86_64-linux.maxMachine: unknown option (did you mean maxMachines?)",
                  "conf.nix: systemTypes.x86_64-linux.gracePeriod: \"10 min\" is not a whole number of seconds; "
                  "write 600",
                  "conf.nix: systemTypes.\"x86_64-linux:benchmark\".minMachines: 5 is more than maxMachines, "
                  "which is 1 by default; change one of them",
                  "conf.nix: interval: 0 is out of range; it must be 1 to 315360000"));
}

TEST(ReadConfig, WritesPathsAsNixDoes) {
  EXPECT_EQ(error_of(with_options({{"a b", 1}})), "\"a b\": unknown option");
  EXPECT_EQ(error_of(with_options({{"", 1}})), "\"\": unknown option");
  EXPECT_EQ(error_of(with_options({{"two\nlines", 1}})), "\"two\\nlines\": unknown option");
  EXPECT_EQ(error_of(with_options({{"_a'-1", 1}})), "_a'-1: unknown option");
}

TEST(ReadConfig, SaysWhatIsThereInsteadOfANumber) {
  EXPECT_EQ(pool_error("speedFactor", "four"), "\"four\" is not a whole number");
  EXPECT_EQ(pool_error("speedFactor", "4"), "\"4\" is not a whole number; write 4");
  EXPECT_EQ(pool_error("speedFactor", "4 min"), "\"4 min\" is not a whole number");
  EXPECT_EQ(pool_error("speedFactor", 2.5), "2.5 is not a whole number");
  EXPECT_EQ(pool_error("speedFactor", 1e300), "1e+300 is not a whole number");
  EXPECT_EQ(pool_error("speedFactor", true), "true is not a whole number");
  EXPECT_EQ(pool_error("speedFactor", nullptr), "null is not a whole number; leave the option out for its default");
  EXPECT_EQ(pool_error("speedFactor", io::Json::array()), "an empty list is not a whole number");
  EXPECT_EQ(pool_error("speedFactor", {{"a", 1}}), "an attribute set is not a whole number");
  EXPECT_EQ(pool_error("speedFactor", function), "a function is not a whole number");
}

TEST(ReadConfig, SaysHowManySecondsWereProbablyMeant) {
  EXPECT_EQ(pool_error("gracePeriod", "600"), "\"600\" is not a whole number of seconds; write 600");
  EXPECT_EQ(pool_error("gracePeriod", "45s"), "\"45s\" is not a whole number of seconds; write 45");
  EXPECT_EQ(pool_error("gracePeriod", "2 hours"), "\"2 hours\" is not a whole number of seconds; write 7200");
  EXPECT_EQ(pool_error("gracePeriod", "1d"), "\"1d\" is not a whole number of seconds; write 86400");
  for (const std::string text : {"soon", "", "min", "1.5 h", "-1 min", "10 years", "9223372036854775807 d"}) {
    EXPECT_EQ(pool_error("gracePeriod", text), "\"" + text + "\" is not a whole number of seconds");
  }
}

TEST(ReadConfig, AcceptsNumbersInTheirRangeOnly) {
  EXPECT_EQ(pool_error("minMachines", -1), "-1 is out of range; it must be 0 to 100000");
  EXPECT_EQ(pool_error("maxMachines", 100'001), "100001 is out of range; it must be 0 to 100000");
  EXPECT_EQ(pool_error("runnablesPerMachine", 0), "0 is out of range; it must be 1 to 1000000");
  EXPECT_EQ(pool_error("speedFactor", 0), "0 is out of range; it must be 1 to 1000000");
  EXPECT_EQ(pool_error("speedFactor", 1'000'001), "1000001 is out of range; it must be 1 to 1000000");
  EXPECT_EQ(pool_error("bootTimeout", 0), "0 is out of range; it must be 1 to 315360000");
  EXPECT_EQ(pool_error("gracePeriod", 315'360'001), "315360001 is out of range; it must be 0 to 315360000");
  EXPECT_EQ(error_of(with_options({{"maxParallel", 10'001}})),
            "maxParallel: 10001 is out of range; it must be 1 to 10000");
  EXPECT_EQ(errors_of(local_pool({{"minMachines", 100'000}, {"maxMachines", 100'000}, {"gracePeriod", 315'360'000}})),
            ConfigErrors{});
}

TEST(ReadConfig, ScalesByRunnablesByDefault) {
  const PoolConfig classic = pool_of(local_pool({}));
  EXPECT_EQ(classic.scaling, Scaling::runnables);
  EXPECT_FALSE(classic.packing);
  EXPECT_EQ(classic.grace_period, Seconds{0});
  const PoolConfig work = pool_of(local_pool({{"scaling", "work"}}));
  EXPECT_EQ(work.scaling, Scaling::work);
  EXPECT_EQ(work.target_wait, Seconds{300});
  EXPECT_TRUE(work.packing);
  EXPECT_EQ(work.grace_period, Seconds{60});
  const PoolConfig own =
      pool_of(local_pool({{"scaling", "work"}, {"targetWait", 60}, {"packing", false}, {"gracePeriod", 0}}));
  EXPECT_EQ(own.target_wait, Seconds{60});
  EXPECT_FALSE(own.packing);
  EXPECT_EQ(own.grace_period, Seconds{0}) << "what the operator sets stays";
  EXPECT_TRUE(pool_of(local_pool({{"packing", true}})).packing);
}

TEST(ReadConfig, HasTwoRulesOfScaling) {
  EXPECT_EQ(pool_error("scaling", "wrok"), "\"wrok\" is not \"runnables\" or \"work\"");
  EXPECT_EQ(pool_of(local_pool({{"spareSlots", 3}})).spare_slots, 3);
  EXPECT_TRUE(pool_of(local_pool({{"spareSlots", "auto"}})).spares_by_arrivals);
  EXPECT_EQ(pool_error("spareSlots", "many"), "\"many\" is not a whole number, or \"auto\"");
  EXPECT_EQ(pool_error("maxJobs", "auto"),
            "only ec2 says how many processors a machine has; write a number instead of \"auto\"");
  EXPECT_EQ(pool_error("targetWait", 60), "belongs to scaling = \"work\"; add that, or remove this");
  EXPECT_EQ(error_of(local_pool({{"scaling", "work"}, {"targetWait", 0}})),
            "systemTypes.x86_64-linux.targetWait: 0 is out of range; it must be 1 to 315360000");
}

TEST(ReadConfig, SaysWhatIsThereInsteadOfTheExpectedValue) {
  EXPECT_EQ(error_of(with_options({{"placeholders", "yes"}})), "placeholders: \"yes\" is not true or false");
  EXPECT_EQ(pool_error("sshKey", 3), "3 is not a string");
  EXPECT_EQ(error_of(with_pool({{"local", true}})), "systemTypes.x86_64-linux.local: true is not an attribute set");
  EXPECT_EQ(error_of(with_pool({{"local", {{"store", "hots"}}}})),
            "systemTypes.x86_64-linux.local.store: \"hots\" is not \"own\" or \"host\"");
  EXPECT_EQ(error_of(with_pool({{"local", {{"bootSecond", 1}}}})),
            "systemTypes.x86_64-linux.local.bootSecond: unknown option (did you mean bootSeconds?)");
}

TEST(ReadConfig, RefusesAMinimumAboveTheMaximum) {
  EXPECT_EQ(error_of(local_pool({{"minMachines", 3}, {"maxMachines", 2}})),
            "systemTypes.x86_64-linux.minMachines: 3 is more than maxMachines, which is 2; change one of them");
  EXPECT_EQ(error_of(local_pool({{"minMachines", 3}, {"maxMachines", "2"}})),
            "systemTypes.x86_64-linux.maxMachines: \"2\" is not a whole number; write 2");
}

TEST(ReadConfig, RefusesSpareAndStandbyMachinesForWhichThereIsNoRoom) {
  EXPECT_EQ(error_of(local_pool({{"spareMachines", 3}, {"maxMachines", 2}})),
            "systemTypes.x86_64-linux.spareMachines: 3 is more than maxMachines, which is 2; change one of them");
  EXPECT_EQ(errors_of(local_pool({{"minMachines", 2}, {"standbyMachines", 2}, {"maxMachines", 4}})), ConfigErrors{});
  EXPECT_EQ(
      error_of(local_pool({{"minMachines", 1}, {"spareMachines", 2}, {"standbyMachines", 3}, {"maxMachines", 4}})),
      "systemTypes.x86_64-linux.standbyMachines: 3 and the 2 machines that always run are more than maxMachines, "
      "which is 4; raise that to 5, or lower the others");
  const io::Json more_by_day{{"hours", "8-18"}, {"minMachines", 3}};
  EXPECT_EQ(
      error_of(local_pool({{"standbyMachines", 2}, {"maxMachines", 4}, {"schedules", io::Json::array({more_by_day})}})),
      "systemTypes.x86_64-linux.schedules element 1: standbyMachines 2 and the 3 machines that always run in this "
      "schedule are more than maxMachines 4; change one");
  EXPECT_EQ(error_of(local_pool({{"standbyMachines", 2}})),
            "systemTypes.x86_64-linux.standbyMachines: 2 and the 0 machines that always run are more than maxMachines, "
            "which is 1 by default; raise that to 2, or lower the others");
}

TEST(ReadConfig, RefusesStandbyMachinesThatCannotBeStopped) {
  io::Json spot = smallest_ec2;
  spot["capacity"] = "spot-first";
  EXPECT_EQ(error_of(with_pool({{"ec2", spot}, {"standbyMachines", 1}})),
            "systemTypes.x86_64-linux.standbyMachines: spot instances cannot be stopped, and ec2.capacity is "
            "\"spot-first\"; make that \"on-demand\", or remove this");
}

TEST(ReadConfig, RefusesAPriceOfStoppedMachinesAlone) {
  EXPECT_EQ(pool_error("stoppedPricePerHour", 1), "is given without pricePerHour; add that, or remove this");
}

TEST(ReadConfig, RefusesTwoStatusCommands) {
  EXPECT_EQ(error_of(with_options({{"statusCommand", {"a"}}, {"sshCommand", {"a"}}})),
            "sshCommand: means the same as statusCommand, which is given too; remove one of them");
}

TEST(ReadConfig, RefusesCommandsThatNameNoProgram) {
  const auto error = [](const io::Json& command) { return error_of(with_options({{"updateCommand", command}})); };
  EXPECT_EQ(error("cat > machines"),
            "updateCommand: \"cat > machines\" is not a list of strings, such as [ \"PROGRAM\" \"ARGUMENT\" ]");
  EXPECT_EQ(error(io::Json::array()),
            "updateCommand: an empty list is not a program; write the program first, then its arguments");
  EXPECT_EQ(error({"", "a"}),
            "updateCommand: element 1: \"\" is not a program; write the program first, then its arguments");
  EXPECT_EQ(error({"a", function}), "updateCommand: element 2: a function is not a string");
}

TEST(ReadConfig, RefusesTagsThatNotEveryProviderAccepts) {
  const std::string wrong =
      " is not a tag; write letters, digits, \"_\", \".\" and \"-\", beginning with a letter or \"_\", at most 40 "
      "characters";
  for (const std::string tag : {"", "my farm", "1st", "-farm", "färm", "farm/2"}) {
    EXPECT_EQ(error_of(with_options({{"tag", tag}})), "tag: \"" + tag + "\"" + wrong);
  }
  const std::string longest(40, 'a');
  EXPECT_EQ(errors_of(with_options({{"tag", longest}})), ConfigErrors{});
  EXPECT_EQ(error_of(with_options({{"tag", longest + "a"}})), "tag: \"" + longest + "a\"" + wrong);
  EXPECT_EQ(errors_of(with_options({{"tag", "_Farm-2.b"}})), ConfigErrors{});
}

TEST(ReadConfig, RefusesFilesWhosePathsAreNotAbsolute) {
  EXPECT_EQ(error_of(with_options({{"machinesFile", "machines"}})),
            "machinesFile: \"machines\" is not a file's absolute path; write one, such as "
            "\"/var/lib/hydra/provisioned.machines\"");
  EXPECT_EQ(error_of(with_options({{"machinesFile", "/var/lib/hydra/"}})),
            "machinesFile: \"/var/lib/hydra/\" is not a file's absolute path; write one, such as "
            "\"/var/lib/hydra/provisioned.machines\"");
  EXPECT_EQ(error_of(with_pool({{"nixopsExpr", "./deployment.nix"}})),
            "systemTypes.x86_64-linux.nixopsExpr: \"./deployment.nix\" is not a file's absolute path; write a Nix path "
            "without quotes, such as ./deployment.nix");
}

TEST(ReadConfig, RefusesKeyPathsThatWouldBreakTheMachinesFile) {
  for (const std::string key : {"", "-", "/a b", "/a;b", "/a#b", "@a", "/ä", "/a\tb", "/a\nb"}) {
    EXPECT_THAT(pool_error("sshKey", key),
                testing::EndsWith("is not a path that fits into the machines file; use one in "
                                  "ASCII, without blanks, \";\" and \"#\", not beginning with \"@\""))
        << key;
  }
  EXPECT_EQ(errors_of(local_pool({{"sshKey", "/a@b"}})), ConfigErrors{});
}

TEST(ReadConfig, RequiresExactlyOneProvider) {
  EXPECT_EQ(error_of(with_pool(io::Json::object())),
            "systemTypes.x86_64-linux: no provider; add one of local, nixopsExpr, ec2 and exec, such as local = { };");
  const io::Json exec{{"command", {"/bin/x"}}};
  EXPECT_EQ(error_of(with_pool({{"local", io::Json::object()}, {"nixopsExpr", "/a.nix"}, {"exec", exec}})),
            "systemTypes.x86_64-linux: more than one provider: local, nixopsExpr, exec; keep one of them");
  EXPECT_EQ(pool_error("nixPath", io::Json::array()), "belongs to nixopsExpr, which is not given; remove it");
  EXPECT_EQ(pool_error("keepAliveInterval", 60), "belongs to nixopsExpr, which is not given; remove it");
}

TEST(ReadConfig, RequiresAProgramForExec) {
  const std::string exec = "systemTypes.x86_64-linux.exec.";
  EXPECT_EQ(error_of(with_pool({{"exec", io::Json::object()}})),
            exec + "command: is missing; add the program, such as command = [ \"./provider\" ];");
  EXPECT_EQ(error_of(exec_pool({{"command", io::Json::array()}})),
            exec + "command: an empty list is not a program; write the program first, then its arguments");
  EXPECT_EQ(error_of(exec_pool({{"comand", 1}})), exec + "comand: unknown option (did you mean command?)");
  EXPECT_EQ(error_of(exec_pool({{"settings", 1}})), exec + "settings: 1 is not an attribute set");
  EXPECT_EQ(error_of(exec_pool({{"settings", {{"size", function}}}})),
            exec + "settings.size: a function cannot be a setting; write its result");
  EXPECT_EQ(error_of(exec_pool({{"timeout", 0}})), exec + "timeout: 0 is out of range; it must be 1 to 315360000");
}

TEST(ReadConfig, RefusesWrongNamesOfSystemTypes) {
  const std::string rule =
      "; a system type is written SYSTEM or SYSTEM:FEATURE,FEATURE, such as x86_64-linux:benchmark";
  const auto error = [](const std::string& type) { return error_of(with_pool({{"local", io::Json::object()}}, type)); };
  EXPECT_EQ(error(""), "systemTypes.\"\": \"\" is not a system" + rule);
  EXPECT_EQ(error(":x"), "systemTypes.\":x\": \"\" is not a system" + rule);
  EXPECT_EQ(error("x86_64 linux"), "systemTypes.\"x86_64 linux\": \"x86_64 linux\" is not a system" + rule);
  EXPECT_EQ(error("two\nlines"), "systemTypes.\"two\\nlines\": \"two\\nlines\" is not a system" + rule);
  EXPECT_EQ(error("x86_64-linux:"), "systemTypes.\"x86_64-linux:\": \"\" is not a system feature" + rule);
}

TEST(ReadConfig, RefusesEqualSystemTypes) {
  const io::Json pool = {{"local", io::Json::object()}};
  EXPECT_EQ(error_of({{"systemTypes", {{"x86_64-linux:kvm,benchmark", pool}, {"x86_64-linux:benchmark,kvm", pool}}}}),
            "systemTypes.\"x86_64-linux:kvm,benchmark\": the same systems and features as "
            "systemTypes.\"x86_64-linux:benchmark,kvm\"; keep one of them");
  EXPECT_EQ(error_of({{"systemTypes", {{"x86_64-linux", pool}, {"i686-linux,x86_64-linux", pool}}}}),
            "systemTypes.x86_64-linux: the same systems and features as systemTypes.\"i686-linux,x86_64-linux\"; keep "
            "one of them");
  EXPECT_EQ(errors_of({{"systemTypes", {{"x86_64-linux", pool}, {"i686-linux", pool}}}}), ConfigErrors{});
}

TEST(ReadConfig, AcceptsAnEqualTypeForWhatTheOtherLeavesOver) {
  const io::Json pool = {{"local", io::Json::object()}};
  io::Json same = {{"local", io::Json::object()}, {"systems", {"i686-linux", "x86_64-linux"}}};
  const auto errors = [&] {
    return errors_of({{"systemTypes", {{"x86_64-linux", pool}, {"spot", same}, {"spot-2", same}}}}).size();
  };
  EXPECT_EQ(errors(), 2U);
  same["spill"] = true;
  EXPECT_EQ(errors(), 1U) << "of the two that are for what is left over";
  EXPECT_EQ(errors_of({{"systemTypes", {{"x86_64-linux", pool}, {"spot", same}}}}), ConfigErrors{});
}

TEST(ReadConfig, RequiresASystemTypeByDefault) {
  const std::string error =
      "systemTypes: no system type; add one, such as systemTypes.x86_64-linux = { local = { }; }, or use --allow-empty "
      "to destroy all machines";
  EXPECT_EQ(error_of(io::Json::object()), error);
  EXPECT_EQ(error_of({{"systemTypes", io::Json::object()}}), error);
  EXPECT_EQ(errors_of(io::Json::object(), {.allow_empty = true}), ConfigErrors{});
  EXPECT_EQ(errors_of({{"systemTypes", io::Json::object()}}, {.allow_empty = true}), ConfigErrors{});
}

TEST(ReadConfig, RequiresAttributeSetsAtEveryLevel) {
  EXPECT_EQ(error_of(io::Json::array({1})), "a list is not an attribute set; write { systemTypes = { … }; }");
  EXPECT_EQ(error_of("conf"), "\"conf\" is not an attribute set; write { systemTypes = { … }; }");
  EXPECT_EQ(error_of(nullptr), "null is not an attribute set; write { systemTypes = { … }; }");
  EXPECT_EQ(error_of(function), "a function is not an attribute set; write { systemTypes = { … }; }");
  EXPECT_EQ(error_of({{"systemTypes", io::Json::array({1})}}), "systemTypes: a list is not an attribute set");
  EXPECT_EQ(error_of({{"systemTypes", function}}), "systemTypes: a function is not an attribute set");
  EXPECT_EQ(error_of(with_pool(nullptr)), "systemTypes.x86_64-linux: null is not an attribute set");
}

TEST(ReadConfig, FindsFunctionsInSettingsThatItOnlyHandsOn) {
  EXPECT_THAT(
      errors_of(exec_pool({{"settings", {{"tags", {"a", function}}, {"image", {{"id", function}}}}}})),
      ElementsAre(
          "conf.nix: systemTypes.x86_64-linux.exec.settings.image.id: a function cannot be a setting; write its result",
          "conf.nix: systemTypes.x86_64-linux.exec.settings.tags element 2: a function cannot be a setting; write its "
          "result"));
}

io::Json with_queue(io::Json queue) {
  io::Json value = local_pool(io::Json::object());
  if (queue.value("type", "") == "hydra-rust") value["systemTypes"]["x86_64-linux"]["local"]["builder"] = {"b"};
  value["queue"] = std::move(queue);
  return value;
}

TEST(ReadConfig, ReadsEveryOptionOfTheQueue) {
  const auto config = read_config("conf.nix",
                                  with_queue({{"type", "hydra-rust"},
                                              {"command", {"ssh", "queue", "curl"}},
                                              {"storeCommand", {"ssh", "queue", "cat"}},
                                              {"silence", 90},
                                              {"evictCommand", {"evict"}},
                                              {"database", "dbname=hydra"},
                                              {"config", "/etc/hydra/config.toml"}}),
                                  {});
  ASSERT_TRUE(config) << io::Json(config.error());
  const QueueSettings& queue = config->queue;
  EXPECT_EQ(queue.kind, QueueKind::hydra_rust);
  EXPECT_THAT(queue.command, ElementsAre("ssh", "queue", "curl"));
  EXPECT_THAT(queue.store_command, ElementsAre("ssh", "queue", "cat"));
  EXPECT_EQ(queue.silence, Seconds{90});
  EXPECT_THAT(queue.evict_command, ElementsAre("evict"));
  EXPECT_EQ(queue.database, "dbname=hydra");
  EXPECT_EQ(queue.config_file, "/etc/hydra/config.toml");
  EXPECT_FALSE(config->placeholders) << "there is no machines file";
  EXPECT_EQ(config->settle, Seconds{0});
}

TEST(ReadConfig, TheQueueIsHydrasInCppByDefault) {
  EXPECT_EQ(read_config("conf.nix", with_options({}), {})->queue.kind, QueueKind::hydra);
  EXPECT_EQ(read_config("conf.nix", with_queue({{"type", "hydra-rust"}}), {})->queue.url, "http://localhost:8080");
}

TEST(ReadConfig, AQueueRunnerInCppMayBeAskedThroughTheDatabase) {
  const auto config = read_config("conf.nix",
                                  {{"queue", {{"type", "hydra-database"}, {"database", "dbname=hydra"}}},
                                   {"machinesFile", "/machines"},
                                   {"systemTypes", {{"x86_64-linux", {{"local", io::Json::object()}}}}}},
                                  {});
  ASSERT_TRUE(config) << io::Json(config.error());
  EXPECT_EQ(config->queue.kind, QueueKind::hydra_database);
  EXPECT_EQ(config->machines_file, "/machines");
  EXPECT_TRUE(config->placeholders);
  EXPECT_EQ(config->quiet, Seconds{120});
}

TEST(ReadConfig, KnowsWhichHostLooksAfterMachinesWhereSeveralShareTheJournal) {
  io::Json value = exec_pool(io::Json::object());
  value["journal"] = "postgresql:///farm?host=/run/postgresql";
  EXPECT_THAT(errors_of(value), IsEmpty());
  EXPECT_EQ(error_of(local_pool(io::Json::object()), {.journal = "dbname=farm"}),
            "systemTypes.x86_64-linux: host: missing: only the host that made local machines can look after them; name "
            "it");
  EXPECT_THAT(errors_of(local_pool({{"host", "alpha"}}), {.journal = "dbname=farm"}), IsEmpty());
  EXPECT_EQ(
      error_of(local_pool({{"host", "alpha"}})),
      "systemTypes.x86_64-linux: host: is for hosts that share a journal, and `journal` is not given; add that, or "
      "remove this");
  value["journal"] = "farm";
  EXPECT_EQ(
      error_of(value),
      R"(journal: is no connection string of libpq; write it such as "postgresql:///hydra_provisioner?host=db1")");
}

TEST(ReadConfig, SaysWhatIsWrongWithAQueue) {
  EXPECT_EQ(error_of(with_queue({{"type", "hydra-database"}})),
            R"(queue.database: missing; name Hydra's database, such as "dbname=hydra host=/run/postgresql")");
  EXPECT_EQ(error_of(with_queue({{"type", "hydra-database"}, {"database", "dbname=hydra"}, {"url", "http://q"}})),
            R"(queue.url: does not belong to type = "hydra-database"; remove it)");
  EXPECT_EQ(error_of(with_queue({{"type", "rust"}})),
            R"(queue.type: "rust" is not "hydra", "hydra-database", "hydra-rust" or "command")");
  EXPECT_EQ(error_of(with_queue({{"url", "http://localhost:8080"}})),
            R"(queue.url: does not belong to type = "hydra"; remove it)");
  EXPECT_EQ(error_of(with_queue({{"type", "command"}})),
            "queue.command: missing; it has to print the document that describes the queue");
  EXPECT_EQ(error_of(with_queue({{"type", "hydra-rust"}, {"url", "http://a"}, {"command", {"b"}}})),
            "queue.url: is not used if there is a command; remove one of them");
  io::Json with_status_command = with_queue({{"type", "hydra-rust"}});
  with_status_command["statusCommand"] = {"a"};
  EXPECT_EQ(error_of(with_status_command),
            R"(statusCommand: belongs to queue.type = "hydra", and here that is "hydra-rust"; remove it)");
  io::Json with_machines_file = with_queue({{"type", "hydra-rust"}});
  with_machines_file["machinesFile"] = "/a";
  EXPECT_EQ(error_of(with_machines_file),
            R"(machinesFile: the queue runner of queue.type = "hydra-rust" reads no machines file; remove it)");
}

TEST(ReadConfig, SaysHowMachinesDoNotComeToTheQueueRunner) {
  const auto error_with = [](const std::string& queue, const io::Json& pool) {
    io::Json value = with_pool(pool);
    value["queue"] = {{"type", queue}};
    return error_of(value);
  };
  const io::Json exec{{"command", {"/bin/x"}}};
  const std::string place = "systemTypes.x86_64-linux: ";
  EXPECT_EQ(error_with("hydra-rust", {{"local", io::Json::object()}}),
            place + "local.builder: missing; nothing connects its machines to the queue runner");
  EXPECT_EQ(error_with("hydra-rust", {{"exec", exec}, {"sshKey", "/k"}}),
            place + "builderEndpoint: missing; its machines are to connect to the queue runner there");
  EXPECT_EQ(error_with("hydra-rust", {{"exec", exec}, {"builderEndpoint", "https://q:1"}}),
            place + "sshKey: missing; with it, this host logs in to open and close its machines");
  EXPECT_EQ(error_with("hydra-rust", {{"exec", exec}, {"sshKey", "/k"}, {"builderEndpoint", "https://q:1"}}),
            "errors: []");
  EXPECT_EQ(error_with("hydra-rust", {{"nixopsExpr", "/x.nix"}}),
            place +
                "nixopsExpr: its machines are not told how to connect to the queue runner of queue.type = "
                "\"hydra-rust\"; use ec2 or exec");
  EXPECT_EQ(error_with("hydra", {{"exec", exec}, {"builderEndpoint", "https://q:1"}}),
            place + "builderEndpoint and local.builder belong to queue.type = \"hydra-rust\"; remove them");
}

TEST(ReadPool, RestoresAPoolFromItsRecordedSettings) {
  const PoolConfig written = pool_of(with_pool({{"nixopsExpr", "/a.nix"}, {"maxJobs", 4}, {"billingPeriod", 60}}));
  EXPECT_EQ(written.settings_json, R"({"billingPeriod":60,"maxJobs":4,"nixopsExpr":"/a.nix"})");
  const auto again = read_pool("x86_64-linux", written.settings_json);
  ASSERT_TRUE(again) << io::Json(again.error());
  EXPECT_EQ(again->name, written.name);
  EXPECT_EQ(again->type, written.type);
  EXPECT_EQ(again->max_jobs, 4);
  EXPECT_EQ(again->billing_period, Seconds{60});
  EXPECT_EQ(again->settings_json, written.settings_json);
}

TEST(ReadPool, SaysWhatIsWrongWithARecord) {
  EXPECT_THAT(read_pool("x86_64-linux", "{").error(),
              ElementsAre(StartsWith("recorded settings: systemTypes.x86_64-linux: line 1, column 2: ")));
  EXPECT_THAT(
      read_pool("x86_64-linux", R"({"local": {}, "speedFactor": 0})").error(),
      ElementsAre(
          "recorded settings: systemTypes.x86_64-linux.speedFactor: 0 is out of range; it must be 1 to 1000000"));
}

// Not rc::gen::construct<Json>, which uses braces and so makes a list of its arguments.
template <class Value>
rc::Gen<io::Json> json_of(const rc::Gen<Value>& values) {
  return rc::gen::map(values, [](Value value) { return io::Json(std::move(value)); });
}

// Any value: right ones, wrong ones, and text of any bytes.
rc::Gen<io::Json> values() {
  const auto scalars = rc::gen::oneOf(
      json_of(rc::gen::arbitrary<std::int64_t>()), json_of(rc::gen::arbitrary<std::uint64_t>()),
      json_of(rc::gen::inRange(0, 3)), json_of(rc::gen::arbitrary<double>()), json_of(rc::gen::arbitrary<bool>()),
      json_of(rc::gen::arbitrary<std::string>()),
      rc::gen::element<io::Json>(nullptr, function, "/a", "10 min", "own", io::Json::array(), io::Json::object()));
  return rc::gen::oneOf(scalars, scalars, json_of(rc::gen::container<std::vector<io::Json>>(scalars)));
}

// An attribute set. Most of its names are options.
rc::Gen<io::Json> settings(std::span<const Option> options, const rc::Gen<io::Json>& members) {
  std::vector<std::string> names;
  for (const Option& option : options) names.emplace_back(option.name);
  const auto name =
      rc::gen::weightedOneOf<std::string>({{9, rc::gen::elementOf(names)}, {1, rc::gen::arbitrary<std::string>()}});
  return json_of(rc::gen::container<std::map<std::string, io::Json>>(name, members));
}

rc::Gen<io::Json> pools() {
  const auto good = rc::gen::map(rc::gen::inRange(1, 100), [](int number) {
    return io::Json{{"local", io::Json::object()}, {"minMachines", number - 1}, {"maxMachines", number}};
  });
  const auto any = settings(pool_options(), rc::gen::oneOf(values(), settings(local_options(), values())));
  return rc::gen::oneOf(good, good, any);
}

rc::Gen<io::Json> configs() {
  const auto types = rc::gen::weightedOneOf<std::string>(
      {{5, rc::gen::element<std::string>("x86_64-linux", "i686-linux:kvm", "a,b:c")},
       {1, rc::gen::arbitrary<std::string>()}});
  const auto system_types = rc::gen::withSize([=](int size) {
    const auto few = rc::gen::container<std::map<std::string, io::Json>>(types, rc::gen::resize(size, pools()));
    return json_of(rc::gen::resize(3, few));
  });
  const auto options =
      rc::gen::oneOf(rc::gen::just(io::Json::object()), settings(top_level_options(), values()), values());
  return rc::gen::apply(
      [](io::Json config, io::Json pools_by_type) {
        if (config.is_object()) config["systemTypes"] = std::move(pools_by_type);
        return config;
      },
      options, rc::gen::weightedOneOf<io::Json>({{5, system_types}, {1, values()}}));
}

RC_GTEST_PROP(ReadConfig, ReturnsAConfigurationOrErrorsOfOneLineForAnyValue, (bool allow_empty)) {
  const io::Json value = *rc::gen::scale(0.3, configs());
  const auto config = read_config("conf.nix", value, {.allow_empty = allow_empty});
  RC_CLASSIFY(config.has_value());
  if (config) {
    for (const auto& [name, pool] : config->pools) {
      RC_ASSERT(pool.min_machines <= pool.max_machines);
      RC_ASSERT(read_pool(name.text, pool.settings_json).has_value());
    }
    return;
  }
  RC_ASSERT(!config.error().empty());
  for (const std::string& error : config.error()) {
    RC_ASSERT(error.starts_with("conf.nix: "));
    RC_ASSERT(error.find('\n') == std::string::npos);
  }
}

}  // namespace
}  // namespace hydra_provisioner::config
