#include "publish/publisher.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_publisher.hpp"
#include "tests/support/await.hpp"

namespace hydra_provisioner::publish {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const Instant noon = from_unix(1'795'453'200);
const std::string ours = "# hydra-provisioner hydra-provisioned\nroot@10.0.0.1 x86_64-linux - 1 1 - - -\n";

class PublisherTest : public testing::Test {
 protected:
  PublisherTest() {
    std::string name = (fs::temp_directory_path() / "publisher-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    config_.machines_file = path("machines");
  }
  ~PublisherTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }

  void write(const std::string& content) const { std::ofstream(config_.machines_file) << content; }
  std::string content_of(const std::string& file) const {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  // The script gets the folder as $1.
  void deliver_to(const std::string& script) { config_.update_command = {"sh", "-c", script, "sh", folder_.string()}; }

  template <class Kind>
  Expected<bool> publish(const std::string& content, std::optional<LastDelivery> last = {}) {
    Kind publisher(config_);
    return support::await(publisher.publish(content, std::move(last), noon));
  }

  std::string here() const { return CommandPublisher(config_).destination(); }

  fs::path folder_;
  Config config_;
};

TEST_F(PublisherTest, WritesTheSshConfigBeforeTheMachinesFile) {
  SshConfigPublisher publisher(path("ssh_config"), std::make_unique<FilePublisher>(config_));
  const std::string content = ours + "root@10.0.0.2:2222 x86_64-linux - 1 1 - - -\n";
  EXPECT_TRUE(support::await(publisher.publish(content, {}, noon)).value());
  EXPECT_TRUE(content_of(path("ssh_config")).contains("\nHost 10.0.0.2:2222\n  HostName 10.0.0.2\n  Port 2222\n"));
  EXPECT_EQ(content_of(config_.machines_file), content);

  SshConfigPublisher nowhere(path("no/folder"), std::make_unique<FilePublisher>(config_));
  const auto failed = support::await(nowhere.publish(ours, {}, noon));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::untouched);
  EXPECT_TRUE(failed.error().message.starts_with("sshConfigFile: cannot write "));
  EXPECT_EQ(content_of(config_.machines_file), content);
}

// Takes its time, and is watched while it does.
class Patience : public testing::Test {
 protected:
  Patience() {
    auto slow = std::make_unique<fakes::FakePublisher>(clock, chronicle);
    slow_ = slow.get();
    publisher = std::make_unique<PatientPublisher>(std::move(slow), clock);
  }

  Expected<bool> publish(const std::string& content) { return clock.run(try_to(content)); }

  fakes::FakeClock clock;
  fakes::Chronicle chronicle;
  fakes::FakePublisher* slow_ = nullptr;
  std::unique_ptr<PatientPublisher> publisher;

 private:
  io::Task<Expected<bool>> try_to(std::string content) {
    co_return co_await publisher->publish(std::move(content), {}, clock.now());
  }
};

TEST_F(Patience, AsksAQuickOneLikeAnyOther) {
  EXPECT_EQ(publish("a"), true);
  EXPECT_EQ(publish("a"), false);
  slow_->fails = Error{"no"};
  EXPECT_EQ(publish("b").error().message, "no");
}

TEST_F(Patience, WithOneThatHangsEndsSoon) {
  slow_->takes = 60s;
  std::vector<std::string> seen;
  const auto call = [&](const char* content) -> io::Task<void> {
    const Instant began = clock.now();
    const auto published = co_await publisher->publish(content, {}, began);
    const bool is_late = !published && published.error().kind == ErrorKind::timed_out;
    const std::string_view ending = published ? "published" : is_late ? "is late" : "failed";
    seen.push_back(fmt::format("{}: {} after {} s", content, ending, (clock.now() - began).count()));
  };
  const auto calls = [&]() -> io::Task<void> {
    for (const char* content : {"a", "a", "b"}) co_await call(content);
    co_await clock.sleep_for(60s);
    co_await call("a");
  };
  clock.run(calls());
  EXPECT_EQ(seen, (std::vector<std::string>{"a: is late after 5 s", "a: is late after 0 s", "b: is late after 0 s",
                                            "a: published after 0 s"}));
  EXPECT_EQ(slow_->contents, std::vector<std::string>{"a"}) << "not handed over twice";
}

TEST_F(Patience, NamesWhatHangs) {
  slow_->takes = 60s;
  EXPECT_EQ(publish("a").error().message,
            "here was given the machines in use 5 s ago, and no answer has come yet; it is waited for in later passes");
}

using FilePublisherTest = PublisherTest;
using CommandPublisherTest = PublisherTest;

ino_t inode_of(const std::string& path) {
  struct stat found{};
  ::stat(path.c_str(), &found);
  return found.st_ino;
}

TEST_F(FilePublisherTest, WritesAFileThatAllUsersMayRead) {
  EXPECT_EQ(publish<FilePublisher>(ours), true);
  EXPECT_EQ(content_of(config_.machines_file), ours);
  EXPECT_EQ(fs::status(config_.machines_file).permissions(), fs::perms(0644));
}

TEST_F(FilePublisherTest, TellsWhichMachinesTheQueueRunnerUses) {
  EXPECT_EQ(FilePublisher(config_).listed(), std::set<std::string>{});
  write(
      "# of another program\nroot@x.placeholder.invalid x86_64-linux - 0 1\nroot@10.0.0.1  x86_64-linux  /key 4 1 "
      "kvm\n\nroot@b x86_64-linux # - 1\n");
  EXPECT_EQ(FilePublisher(config_).listed(), (std::set<std::string>{"root@10.0.0.1", "root@b"}));
}

TEST_F(FilePublisherTest, LeavesAnEqualFileAlone) {
  write(ours);
  const ino_t before = inode_of(config_.machines_file);
  EXPECT_EQ(publish<FilePublisher>(ours), false);
  EXPECT_EQ(inode_of(config_.machines_file), before);
}

TEST_F(FilePublisherTest, ReplacesTheFileAsAWhole) {
  write("# hydra-provisioner hydra-provisioned\n");
  fs::create_hard_link(config_.machines_file, path("opened-before"));
  EXPECT_EQ(publish<FilePublisher>(ours), true);
  EXPECT_EQ(content_of(config_.machines_file), ours);
  EXPECT_EQ(content_of(path("opened-before")), "# hydra-provisioner hydra-provisioned\n");
}

TEST_F(FilePublisherTest, ReplacesAFileWithoutATag) {
  write("root@a x86_64-linux /key\n");
  EXPECT_EQ(publish<FilePublisher>(ours), true);
  EXPECT_EQ(content_of(config_.machines_file), ours);
}

TEST_F(FilePublisherTest, RefusesAFileOfAnotherTag) {
  write("# hydra-provisioner other\n");
  const auto result = publish<FilePublisher>(ours);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message,
            config_.machines_file +
                ": belongs to the provisioner with tag \"other\", and this one has tag \"hydra-provisioned\"; "
                "give each a machinesFile of its own");
  EXPECT_EQ(result.error().kind, ErrorKind::refused);
  EXPECT_EQ(content_of(config_.machines_file), "# hydra-provisioner other\n");
}

TEST_F(FilePublisherTest, NamesTheFolderThatIsMissing) {
  config_.machines_file = path("missing/machines");
  const auto result = publish<FilePublisher>(ours);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "cannot write " + path("missing/machines") +
                                        ": No such file or directory; create the folder " + path("missing"));
}

TEST_F(FilePublisherTest, FailsIfThereIsAFolderOfThatName) {
  fs::create_directory(config_.machines_file);
  const auto result = publish<FilePublisher>(ours);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().message.contains(config_.machines_file)) << result.error().message;
  EXPECT_FALSE(result.error().message.contains("create the folder")) << result.error().message;
}

TEST_F(CommandPublisherTest, GivesTheContentToTheCommand) {
  deliver_to("cat > $1/delivered");
  EXPECT_EQ(publish<CommandPublisher>(ours), true);
  EXPECT_EQ(content_of(path("delivered")), ours);
}

TEST_F(CommandPublisherTest, FailsWithTheCommand) {
  deliver_to("cat > /dev/null; echo 'no route to host' >&2; exit 3");
  const auto result = publish<CommandPublisher>(ours);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "updateCommand: sh exited with 3: \"no route to host\"");
}

TEST_F(CommandPublisherTest, FailsWithoutTheCommand) {
  config_.update_command = {"/nonexistent/update"};
  const auto result = publish<CommandPublisher>(ours);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().message.starts_with("updateCommand: ")) << result.error().message;
  EXPECT_TRUE(result.error().message.contains("/nonexistent/update")) << result.error().message;
}

TEST_F(CommandPublisherTest, DoesNotRepeatADeliveryWithinTenMinutes) {
  deliver_to("cat > $1/delivered");
  EXPECT_EQ(publish<CommandPublisher>(ours, LastDelivery{ours, noon - 10min + 1s, true, here()}), false);
  EXPECT_FALSE(fs::exists(path("delivered")));
}

TEST_F(CommandPublisherTest, RepeatsADeliveryThatMayBeLost) {
  deliver_to("cat > $1/delivered");
  const LastDelivery old{ours, noon - 10min, true, here()};
  const LastDelivery failed{ours, noon - 1s, false, here()};
  const LastDelivery other{"# hydra-provisioner hydra-provisioned\n", noon - 1s, true, here()};
  const LastDelivery future{ours, noon + 1s, true, here()};
  const LastDelivery elsewhere{ours, noon - 1s, true, "another command"};
  for (const auto& last : {old, failed, other, future, elsewhere}) {
    EXPECT_EQ(publish<CommandPublisher>(ours, last), true);
    EXPECT_TRUE(fs::remove(path("delivered")));
  }
}

}  // namespace
}  // namespace hydra_provisioner::publish
