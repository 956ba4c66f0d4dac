#include "act/job_files.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::act {
namespace {

class JobFilesTest : public testing::Test {
 protected:
  JobFilesTest() { std::filesystem::create_directory(folder_.path + "/jobs"); }

  JobResult through_the_file(const JobResult& result) const {
    EXPECT_TRUE(write_result(files, result));
    const auto read = read_result(files);
    EXPECT_TRUE(read);
    return read.value_or(failure("(none)"));
  }
  void holds(const std::string& path, const std::string& content) const {
    EXPECT_TRUE(io::replace_file(path, content, 0600));
  }

  support::TemporaryFolder folder_;
  const JobFiles files{folder_.path, MachineId{"a-1"}};
};

TEST_F(JobFilesTest, StandInTheStateDirectory) {
  EXPECT_EQ(files.lock, folder_.path + "/jobs/a-1.lock");
  EXPECT_EQ(files.request, folder_.path + "/jobs/a-1.request.json");
  EXPECT_EQ(files.result, folder_.path + "/jobs/a-1.result.json");
  EXPECT_EQ(files.log, folder_.path + "/logs/a-1.log");
}

TEST_F(JobFilesTest, CarryARequest) {
  for (const Operation operation : {Operation::create, Operation::start, Operation::stop, Operation::destroy}) {
    for (const ProviderKind provider :
         {ProviderKind::local, ProviderKind::nixops, ProviderKind::ec2, ProviderKind::exec}) {
      const JobRequest request{.machine = MachineId{"a-1"},
                               .operation = operation,
                               .provider = provider,
                               .pool = PoolName{"x86_64-linux:kvm"},
                               .settings_json = R"({"local":{"bootSeconds":3}})",
                               .deadline = Seconds{1800}};
      ASSERT_TRUE(write_request(files, request));
      const auto read = read_request(files);
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_EQ(read->machine, request.machine);
      EXPECT_EQ(read->operation, operation);
      EXPECT_EQ(read->provider, provider);
      EXPECT_EQ(read->pool, request.pool);
      EXPECT_EQ(read->settings_json, request.settings_json);
      EXPECT_EQ(read->deadline, request.deadline);
    }
  }
}

TEST_F(JobFilesTest, CarryThePlaceOfAMachine) {
  JobRequest request{
      .machine = MachineId{"a-7"}, .pool = PoolName{"x86_64-linux"}, .settings_json = "{}", .deadline = Seconds{1800}};
  for (const auto& [name, slot] :
       {std::pair("a-0", std::optional<std::int64_t>(0)), std::pair("", std::optional<std::int64_t>())}) {
    request.noted_as = MachineId{name};
    request.slot = slot;
    ASSERT_TRUE(write_request(files, request));
    const auto read = read_request(files);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->noted_as, request.noted_as);
    EXPECT_EQ(read->slot, slot);
  }
}

TEST_F(JobFilesTest, CarryAMachine) {
  for (const InstanceState state :
       {InstanceState::incomplete, InstanceState::running, InstanceState::stopped, InstanceState::vanished}) {
    const Instance instance{.id = InstanceId{"i-0123"},
                            .machine = MachineId{"a-1"},
                            .pool = PoolName{"x86_64-linux"},
                            .state = state,
                            .address = "10.0.0.1",
                            .host_key = "ssh-ed25519 AAAA",
                            .launched_at = from_unix(1'800'000'000),
                            .max_jobs = 16};
    const JobResult read = through_the_file(instance);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->max_jobs, 16);
    EXPECT_EQ((*read)->id, instance.id);
    EXPECT_EQ((*read)->machine, instance.machine);
    EXPECT_EQ((*read)->pool, instance.pool);
    EXPECT_EQ((*read)->state, state);
    EXPECT_EQ((*read)->address, instance.address);
    EXPECT_EQ((*read)->host_key, instance.host_key);
    EXPECT_EQ((*read)->launched_at, instance.launched_at);
  }
}

TEST_F(JobFilesTest, ReportAStateThatThisProgramDoesNotKnow) {
  ASSERT_TRUE(write_result(files, Instance{}));
  auto content = io::read_file(files.result, 10'000).value().value();
  content.replace(content.find("incomplete"), std::string_view("incomplete").size(), "hibernated");
  holds(files.result, content);
  const auto read = read_result(files);
  ASSERT_TRUE(read && !read->has_value());
  EXPECT_EQ(read->error(), (Error{"\"hibernated\" is no state of a machine", ErrorKind::unfinished}));
}

TEST_F(JobFilesTest, CarryAMachineOfWhichLittleIsKnown) {
  const JobResult read = through_the_file(Instance{});
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->launched_at, std::nullopt);
  EXPECT_EQ((*read)->address, "");
}

TEST_F(JobFilesTest, CarryThatThereIsNothingMoreToSay) {
  const JobResult read = through_the_file(std::nullopt);
  ASSERT_TRUE(read);
  EXPECT_FALSE(*read);
}

TEST_F(JobFilesTest, CarryAnError) {
  for (const ErrorKind kind : {ErrorKind::failed, ErrorKind::timed_out, ErrorKind::refused, ErrorKind::already_exists,
                               ErrorKind::unfinished, ErrorKind::no_capacity, ErrorKind::unanswered}) {
    const JobResult read = through_the_file(failure("nixops exited with 1: \"error: …\"", kind));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), (Error{"nixops exited with 1: \"error: …\"", kind}));
  }
}

TEST_F(JobFilesTest, CarryAnErrorWhateverItsBytes) {
  const JobResult read = through_the_file(failure("exited with 1: \"\xff\xfe\""));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "exited with 1: \"\uFFFD\uFFFD\"");
}

TEST_F(JobFilesTest, AreAsGoodAsMissingWhenTheyMakeNoSense) {
  EXPECT_FALSE(read_result(files));
  for (const char* content : {"", "{", "[]", "7", R"({"error":7})", R"({"instance":{}})", R"({"error":"x"})"}) {
    holds(files.result, content);
    EXPECT_FALSE(read_result(files)) << content;
  }
}

TEST_F(JobFilesTest, SayWhichRequestIsMissing) {
  EXPECT_EQ(read_request(files).error().message, files.request + ": no such file");
  constexpr auto of_a_newer_version = R"({"machine":"a-1","operation":"repair","provider":"local","pool":"x86_64-linux",
                                          "settings":"{}","deadlineSeconds":60})";
  for (const char* content : {"", "{}", "[]", R"({"machine":"a-1"})", of_a_newer_version}) {
    holds(files.request, content);
    EXPECT_FALSE(read_request(files)) << content;
  }
}

TEST_F(JobFilesTest, TakeNoNumberThatIsNotWhole) {
  constexpr auto request = R"({{"machine":"a-1","operation":"stop","provider":"local","pool":"x86_64-linux",
                               "settings":"{{}}","deadlineSeconds":{},"begunAt":{}}})";
  holds(files.request, fmt::format(request, "1e300", 1));
  EXPECT_EQ(read_request(files).error().message, files.request + ": 1e+300 is not a whole number");
  holds(files.request, fmt::format(request, 60, "1e300"));
  EXPECT_TRUE(read_request(files));
  EXPECT_EQ(read_begun_at(files), std::nullopt);
  constexpr auto result = R"({{"instance":{{"id":"i","machine":"a-1","pool":"x86_64-linux","state":"running",
                              "address":"","hostKey":"","launchedAt":{},"billingPeriodSeconds":{}}}}})";
  holds(files.result, fmt::format(result, 1, 60));
  EXPECT_TRUE(read_result(files));
  holds(files.result, fmt::format(result, "1e300", 60));
  EXPECT_FALSE(read_result(files));
  holds(files.result, fmt::format(result, 1, "1e300"));
  EXPECT_FALSE(read_result(files));
}

TEST_F(JobFilesTest, CannotBeReadByOtherUsers) {
  using std::filesystem::perms;
  ASSERT_TRUE(write_request(files, {}));
  ASSERT_TRUE(write_result(files, std::nullopt));
  for (const std::string& path : {files.request, files.result}) {
    EXPECT_EQ(std::filesystem::status(path).permissions(), perms::owner_read | perms::owner_write);
  }
}

}  // namespace
}  // namespace hydra_provisioner::act
