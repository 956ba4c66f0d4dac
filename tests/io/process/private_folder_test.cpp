#include "io/process/private_folder.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "io/process/processes.hpp"
#include "tests/io/process/process_of_a_test.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::MatchesRegex;
using testing::StartsWith;

class PrivateFolder : public testing::Test {
 protected:
  PrivateFolder() {
    EXPECT_NE(::mkdtemp(base.data()), nullptr);
    if (const char* const usual = std::getenv("TMPDIR")) usual_ = usual;
    ::setenv("TMPDIR", base.c_str(), 1);
  }
  ~PrivateFolder() override {
    fs::remove_all(base);
    usual_ ? ::setenv("TMPDIR", usual_->c_str(), 1) : ::unsetenv("TMPDIR");
  }

  io::PrivateFolder made() const {
    auto folder = io::PrivateFolder::make(purpose);
    EXPECT_TRUE(folder) << folder.error().message;
    return *std::move(folder);
  }

  // A folder that a killed run left behind, by default with the name `hp-PURPOSE-ID-RANDOM`.
  std::string left_behind(const std::string& name) const {
    std::string path = base + "/" + name;
    fs::create_directory(path);
    EXPECT_TRUE(replace_file(path + "/secret", "secret", 0600));
    return path;
  }
  std::string left_behind() const { return left_behind(name_by(ended())); }
  std::string name_by(pid_t maker) const { return "hp-" + purpose + "-" + std::to_string(maker) + "-abCD12"; }

  static pid_t ended() {
    const ProcessOfATest process;
    return process.id;
  }
  static std::vector<std::string> environment(const std::string& folder) { return {"TMPDIR=" + folder}; }

  std::vector<std::string> there() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(base)) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  const std::string purpose = "t" + std::to_string(::getpid());  // no other run of these tests has it
  const support::TemporaryFolder elsewhere;
  std::string base = "/tmp/hpt-XXXXXX";

 private:
  std::optional<std::string> usual_;
};

TEST_F(PrivateFolder, IsForUsAlone) {
  const auto folder = made();
  struct stat found{};
  ASSERT_EQ(::lstat(folder.path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode, S_IFDIR | 0700);
  EXPECT_EQ(found.st_uid, ::geteuid());
  EXPECT_NE(made().path(), folder.path());
}

TEST_F(PrivateFolder, IsInOurTemporaryFolderUnlessThePathIsTooLong) {
  const std::string name = "/hp-" + purpose + "-" + std::to_string(::getpid()) + "-";
  EXPECT_THAT(made().path(), StartsWith(base + name));
  for (const std::string& unfit :
       {base + "/a-folder-that-is-longer-than-it-may-be", std::string("relative"), std::string()}) {
    ::setenv("TMPDIR", unfit.c_str(), 1);
    EXPECT_THAT(made().path(), StartsWith("/tmp" + name));
    EXPECT_LE(made().path().size(), 50);
  }
  ::unsetenv("TMPDIR");
  EXPECT_THAT(made().path(), StartsWith("/tmp" + name));
  ::setenv("TMPDIR", (base + "//").c_str(), 1);
  EXPECT_THAT(made().path(), StartsWith(base + name));
}

TEST_F(PrivateFolder, NeedsAPlainPurpose) {
  for (const std::string unfit : {"", "a-b", "A", "a/b", "abcdefghijklm"})
    EXPECT_FALSE(io::PrivateFolder::make(unfit)) << unfit;
}

TEST_F(PrivateFolder, ThatCannotBeMadeIsAnError) {
  ::setenv("TMPDIR", (base + "/none").c_str(), 1);
  const auto folder = io::PrivateFolder::make(purpose);
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message, MatchesRegex("cannot create " + base + "/none/hp-.*: No such file or directory"));
}

TEST_F(PrivateFolder, IsRemovedWithItsContent) {
  {
    const auto folder = made();
    fs::create_directories(folder.path() + "/a/b");
    ASSERT_TRUE(replace_file(folder.path() + "/a/b/secret", "secret", 0400));
    fs::create_symlink(elsewhere.path, folder.path() + "/a/link");
    EXPECT_EQ(there().size(), 1);
  }
  EXPECT_THAT(there(), ElementsAre());
  EXPECT_TRUE(fs::exists(elsewhere.path));
}

TEST_F(PrivateFolder, IsRemovedOnceWhenItWasMoved) {
  auto folder = made();
  const std::string path = folder.path();
  {
    const auto taken = std::move(folder);
    EXPECT_EQ(taken.path(), path);
  }
  EXPECT_THAT(there(), ElementsAre());
  auto other = made();
  auto another = made();
  const std::string left = another.path();
  other = std::move(another);
  EXPECT_EQ(other.path(), left);
  EXPECT_THAT(there(), ElementsAre(fs::path(left).filename().string()));
}

TEST_F(PrivateFolder, KillsItsProcesses) {
  auto folder = std::make_optional(made());
  const ProcessOfATest daemon(environment(folder->path()), Group::session);
  const ProcessOfATest child(environment(folder->path()));
  const ProcessOfATest foreign(environment(folder->path() + "x"), Group::session);
  folder.reset();
  EXPECT_EQ(daemon.ending(), SIGKILL);
  EXPECT_EQ(child.ending(), SIGKILL);
  EXPECT_EQ(foreign.ending(), 0);
  EXPECT_THAT(there(), ElementsAre());
}

TEST_F(PrivateFolder, KillsAnSshMasterThatShowsATitle) {
  auto folder = std::make_optional(made());
  const std::string title = "ssh: " + folder->path() + "/master-socket [mux]";
  const ProcessOfATest master({"bash", "-c", "exec -a '" + title + "' sleep 100000"}, {}, Group::session);
  while (!command_line(master.id).starts_with("ssh: ")) std::this_thread::yield();
  folder.reset();
  EXPECT_EQ(master.ending(), SIGKILL);
}

TEST_F(PrivateFolder, IsSweptAwayWhenItsMakerIsDead) {
  left_behind();
  sweep_private_folders(purpose);
  EXPECT_THAT(there(), ElementsAre());
}

TEST_F(PrivateFolder, IsSweptAwayWhenAnotherIsMade) {
  left_behind();
  const auto folder = made();
  EXPECT_THAT(there(), ElementsAre(fs::path(folder.path()).filename()));
}

TEST_F(PrivateFolder, IsSweptAwayFromTheDefaultPlaceToo) {
  const std::string usual = "/tmp/" + name_by(ended());
  fs::create_directory(usual);
  sweep_private_folders(purpose);
  EXPECT_FALSE(fs::exists(usual));
}

TEST_F(PrivateFolder, StaysWhileItsMakerLives) {
  const auto folder = made();
  const ProcessOfATest maker;
  const std::string other = left_behind(name_by(maker.id));
  sweep_private_folders(purpose);
  EXPECT_TRUE(fs::exists(folder.path()));
  EXPECT_TRUE(fs::exists(other + "/secret"));
}

TEST_F(PrivateFolder, StaysWhileItsMakerLivesInAnotherContainer) {
  const std::string as_seen_here = base + "/" + name_by(ended());
  {
    const auto folder = made();
    fs::rename(folder.path(), as_seen_here);
    sweep_private_folders(purpose);
    EXPECT_TRUE(fs::exists(as_seen_here));
  }
  sweep_private_folders(purpose);
  EXPECT_FALSE(fs::exists(as_seen_here));
}

TEST_F(PrivateFolder, StaysWhenItMayBeSomethingElse) {
  const std::string id = std::to_string(ended());
  const std::string prefix = "hp-" + purpose;
  for (const std::string& name :
       {prefix, prefix + "-", prefix + "-" + id, prefix + "-" + id + "-", prefix + "-" + id + "-abCD1",
        prefix + "-" + id + "-abCD123", prefix + "-" + id + "-abCD.2", prefix + "-0" + id + "-abCD12",
        prefix + "-x" + id + "-abCD12", prefix + "--abCD12", prefix + "x-" + id + "-abCD12", "x" + name_by(ended()),
        "hp-other-" + id + "-abCD12"}) {
    left_behind(name);
  }
  const auto before = there();
  sweep_private_folders(purpose);
  EXPECT_EQ(there(), before);
}

TEST_F(PrivateFolder, IsNoLinkAndNoFile) {
  ASSERT_TRUE(replace_file(elsewhere.path + "/file", "", 0600));
  fs::create_symlink(elsewhere.path, base + "/" + name_by(ended()));
  ASSERT_TRUE(replace_file(base + "/hp-" + purpose + "-" + std::to_string(ended()) + "-abCD13", "", 0600));
  sweep_private_folders(purpose);
  EXPECT_EQ(there().size(), 2);
  EXPECT_TRUE(fs::exists(elsewhere.path + "/file"));
}

TEST_F(PrivateFolder, OfAnotherUserStays) {
  const std::string path = left_behind();
  ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0) << "only root may";
  sweep_private_folders(purpose);
  EXPECT_TRUE(fs::exists(path + "/secret"));
}

TEST_F(PrivateFolder, StaysWhileAProgramUsesItThatOutlivedItsMaker) {
  const std::string path = left_behind();
  {
    const ProcessOfATest orphan(environment(path));
    const ProcessOfATest daemon(environment(path), Group::session);
    sweep_private_folders(purpose);
    EXPECT_TRUE(fs::exists(path + "/secret"));
    EXPECT_EQ(orphan.ending(), 0);
    EXPECT_EQ(daemon.ending(), 0);
  }
  sweep_private_folders(purpose);
  EXPECT_THAT(there(), ElementsAre());
}

TEST_F(PrivateFolder, IsSweptAwayWithTheDaemonsThatUseIt) {
  const std::string path = left_behind();
  const ProcessOfATest daemon(environment(path), Group::session);
  sweep_private_folders(purpose);
  EXPECT_EQ(daemon.ending(), SIGKILL);
  EXPECT_THAT(there(), ElementsAre());
}

}  // namespace
}  // namespace hydra_provisioner::io
