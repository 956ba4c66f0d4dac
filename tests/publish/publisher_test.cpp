#include "publish/publisher.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

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
