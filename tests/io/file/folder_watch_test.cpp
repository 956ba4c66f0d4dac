#include "io/file/folder_watch.hpp"

#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include "io/file/files.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::Field;

class AFolderWatch : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path + "/" + name; }
  void write(const std::string& name) const { std::ofstream(path(name)) << "text"; }

  // What is heard of a folder, after it was followed and something was done.
  std::set<FolderChange> heard(const std::set<std::string>& folders, const std::function<void()>& action) const {
    return support::await(listen(folders, action));
  }

  FolderChange change_of(const std::string& name) const { return {.folder = folder_.path, .name = name}; }

 private:
  static Task<std::set<FolderChange>> listen(std::set<std::string> folders, std::function<void()> action) {
    auto watch = FolderWatch::open(co_await boost::asio::this_coro::executor);
    watch->follow(folders);
    action();
    co_return co_await watch->changes();
  }

  support::TemporaryFolder folder_;
};

TEST_F(AFolderWatch, HearsOfAFileThatWasWritten) {
  EXPECT_THAT(heard({path("")}, [&] { write("conf.nix"); }),
              ElementsAre(FolderChange{.folder = path(""), .name = "conf.nix"}));
}

TEST_F(AFolderWatch, HearsOfOneThatWasReplacedOrRemoved) {
  write("old");
  fs::create_directory(path("sub"));
  write("gone");
  const auto changes = heard({path("."), path("sub")}, [&] {
    ASSERT_TRUE(replace_file(path("sub/order"), "", 0600));
    fs::remove(path("gone"));
  });
  EXPECT_TRUE(changes.contains({.folder = path("sub"), .name = "order"}));
  EXPECT_TRUE(changes.contains({.folder = path("."), .name = "gone"}));
}

TEST_F(AFolderWatch, HearsOfALinkAsSoonAsItIsMade) {
  EXPECT_THAT(heard({path(".")}, [&] { fs::create_symlink("elsewhere", path("link")); }),
              ElementsAre(Field(&FolderChange::name, "link")));
}

TEST_F(AFolderWatch, IsToldOfAFileWhenItIsWrittenAndNotWhenItIsMade) {
  std::ofstream file;
  const auto changes = heard({path(".")}, [&] {
    file.open(path("half"));
    write("whole");
  });
  EXPECT_THAT(changes, ElementsAre(Field(&FolderChange::name, "whole")));
}

TEST_F(AFolderWatch, LeavesOutFoldersThatDoNotExistAndForgetsOthers) {
  fs::create_directory(path("first"));
  fs::create_directory(path("second"));
  const auto follow_two = [this]() -> Task<std::set<FolderChange>> {
    auto watch = FolderWatch::open(co_await boost::asio::this_coro::executor);
    watch->follow({path("first"), path("missing")});
    watch->follow({path("second")});
    write("first/a");
    write("second/b");
    co_return co_await watch->changes();
  };
  EXPECT_THAT(support::await(follow_two()), ElementsAre(Field(&FolderChange::name, "b")));
}

}  // namespace
}  // namespace hydra_provisioner::io
