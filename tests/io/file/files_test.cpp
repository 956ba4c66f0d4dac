#include "io/file/files.hpp"

#include <csignal>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/async/waypoint.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Files : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path + "/" + name; }

  std::string content(const std::string& name) const {
    const auto read = read_file(path(name), 1 << 20);
    if (!read) return read.error().message;
    return read->value_or("(no such file)");
  }

  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_.path)) found.insert(entry.path().filename());
    return found;
  }

  mode_t mode(const std::string& name) const {
    struct stat found{};
    EXPECT_EQ(::stat(path(name).c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  support::TemporaryFolder folder_;
};

TEST_F(Files, AreReadWhole) {
  const std::string written = std::string(200'000, 'x') + std::string("\0end", 4);
  ASSERT_TRUE(replace_file(path("a"), written, 0644));
  EXPECT_EQ(content("a"), written);
}

TEST_F(Files, ThatDoNotExistAreNoError) {
  const auto read = read_file(path("none"), 10);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, std::nullopt);
}

TEST_F(Files, AreReadUpToALimit) {
  ASSERT_TRUE(replace_file(path("a"), "12345", 0644));
  EXPECT_TRUE(read_file(path("a"), 5));
  EXPECT_EQ(read_file(path("a"), 4).error().message, "cannot read " + path("a") + ": it is larger than 4 bytes");
}

TEST_F(Files, AreNotFoldersNorPipes) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(path("pipe"), 4).error().message, "cannot read " + path("pipe") + ": it is not a regular file");
  EXPECT_EQ(read_file(folder_.path, 4).error().message, "cannot read " + folder_.path + ": it is not a regular file");
}

TEST_F(Files, AreReplacedWithTheirModeAndNothingIsLeftBeside) {
  ASSERT_TRUE(replace_file(path("a"), "old", 0600));
  ASSERT_TRUE(replace_file(path("a"), "new", 0644));
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(mode("a"), 0644U);
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(Files, AreReplacedInTheWorkingFolderToo) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path);
  EXPECT_TRUE(replace_file("a", "here", 0644));
  fs::current_path(before);
  EXPECT_EQ(content("a"), "here");
}

TEST_F(Files, ThatACrashLeftAreReplacedAndNotFollowed) {
  ASSERT_TRUE(replace_file(path("elsewhere"), "precious", 0600));
  fs::create_symlink("elsewhere", path(".a.new"));
  ASSERT_TRUE(replace_file(path("a"), "new", 0644));
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(content("elsewhere"), "precious");
  EXPECT_THAT(names(), ElementsAre("a", "elsewhere"));
}

TEST_F(Files, KeepTheirContentWhenTheNewOneCannotBeWritten) {
  ASSERT_TRUE(replace_file(path("a"), "old", 0644));
  // Beyond the limit on a file's size, write() fails as it does on a full disk.
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 10, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto replaced = replace_file(path("a"), "much longer than before", 0644);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_EQ(replaced.error().message, "cannot write " + path("a") + ": File too large");
  EXPECT_EQ(content("a"), "old");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(Files, CannotReplaceAFolderNorBeInOneThatIsMissing) {
  ASSERT_TRUE(make_folder(path("folder"), 0755));
  EXPECT_EQ(replace_file(path("folder"), "x", 0644).error().message,
            "cannot write " + path("folder") + ": Is a directory");
  EXPECT_EQ(replace_file(path("none/a"), "x", 0644).error().message,
            "cannot write " + path("none/a") + ": No such file or directory");
  EXPECT_THAT(names(), ElementsAre("folder"));
}

// At every waypoint the file is whole, old or new, and the next writing succeeds.
TEST_F(Files, AreWholeWheneverTheProcessEnds) {
  for (const std::string_view end : {"files.before-write", "files.before-rename", "files.after-rename"}) {
    ASSERT_TRUE(replace_file(path("a"), "old", 0644));
    const pid_t child = ::fork();
    if (child == 0) {
      set_waypoint_hook([end](std::string_view where) {
        if (where == end) ::_exit(9);
      });
      static_cast<void>(replace_file(path("a"), "new", 0644));
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 9) << end << " was not passed";
    EXPECT_EQ(content("a"), end == "files.after-rename" ? "new" : "old");
    EXPECT_TRUE(replace_file(path("a"), "next", 0644));
    EXPECT_THAT(names(), ElementsAre("a"));
  }
}

TEST_F(Files, AreInFoldersThatAreMadeWithTheirParents) {
  const mode_t mask = ::umask(077);
  EXPECT_TRUE(make_folder(path("a/b/c/"), 0750));
  ::umask(mask);
  EXPECT_EQ(mode("a/b/c"), 0750U);
  EXPECT_TRUE(make_folder(path("a/b"), 0700));
  EXPECT_TRUE(make_folder(path("a/b/c"), 0700));
  EXPECT_EQ(mode("a/b/c"), 0750U);
}

TEST_F(Files, OfAFolderThatOthersMayWriteToAreNotTrusted) {
  ASSERT_TRUE(make_folder(path("a"), 0755));
  EXPECT_TRUE(expect_own_folder(path("a")));
  EXPECT_TRUE(expect_own_folder(path("none")));
  EXPECT_TRUE(expect_own_folder("/")) << "root's";
  for (const mode_t mode : {0775U, 0757U, 01777U}) {
    ASSERT_EQ(::chmod(path("a").c_str(), mode), 0);
    EXPECT_THAT(expect_own_folder(path("a")).error().message, testing::HasSubstr("others may write to it"));
  }
}

TEST_F(Files, OfAnotherUsersFolderAreNotTrusted) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a folder away";
  ASSERT_TRUE(make_folder(path("a"), 0700));
  ASSERT_EQ(::chown(path("a").c_str(), 12345, 12345), 0);
  EXPECT_EQ(expect_own_folder(path("a")).error().message,
            path("a") +
                " is not used, because it belongs to user 12345, and this program runs as user root: run it as "
                "that user (runuser -u 12345 -- hydra-provisioner …), or choose another folder");
}

TEST_F(Files, AreNoFolders) {
  ASSERT_TRUE(replace_file(path("a"), "x", 0644));
  EXPECT_EQ(make_folder(path("a"), 0755).error().message,
            "cannot create " + path("a") + ": there is a file of that name");
  EXPECT_EQ(make_folder(path("a/b"), 0755).error().message, "cannot create " + path("a/b") + ": Not a directory");
}

TEST_F(Files, AreRemovedWithTheirFolder) {
  ASSERT_TRUE(make_folder(path("a/b"), 0755));
  ASSERT_TRUE(replace_file(path("a/b/c"), "x", 0644));
  EXPECT_TRUE(remove_all(path("a")));
  EXPECT_TRUE(remove_all(path("a")));
  EXPECT_TRUE(names().empty());
}

TEST_F(Files, AreNamedByTheirFolder) {
  ASSERT_TRUE(make_folder(path("a/b"), 0755));
  ASSERT_TRUE(replace_file(path("a/c"), "x", 0644));
  EXPECT_THAT(*names_in(path("a")), testing::UnorderedElementsAre("b", "c"));
  EXPECT_THAT(*names_in(path("none")), testing::IsEmpty());
  EXPECT_EQ(names_in(path("a/c")).error().message, "cannot list " + path("a/c") + ": Not a directory");
}

TEST(ReplaceFile, IsNoticedByReadersThatCompareWholeSeconds) {
  const support::TemporaryFolder folder;
  const std::string path = folder.path + "/file";
  std::set<std::int64_t> seconds;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(replace_file(path, std::to_string(i), 0644));
    struct stat found{};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    seconds.insert(found.st_mtim.tv_sec);
  }
  EXPECT_EQ(seconds.size(), 5) << "an inode may come back, so the time must not";
}

}  // namespace
}  // namespace hydra_provisioner::io
