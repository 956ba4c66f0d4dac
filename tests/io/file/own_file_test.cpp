#include "io/file/own_file.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

Expected<int> number_in(const Json& json) {
  const int number = json.at("number").get<int>();
  if (number < 0) return failure("number is negative");
  return number;
}

class OwnFile : public testing::Test {
 protected:
  std::string error_with(const std::string& content) const {
    std::ofstream(path) << content;
    const auto read = read_own_file(path, number_in);
    return read ? "none" : read.error().message;
  }

  support::TemporaryFolder folder;
  std::string path = folder.path + "/file.json";
};

TEST_F(OwnFile, IsReadAsItWasWritten) {
  EXPECT_EQ(read_own_file(path, number_in).value(), std::nullopt);
  ASSERT_TRUE(write_own_file(path, {{"number", 7}}));
  EXPECT_EQ(read_own_file(path, number_in).value(), 7);
}

TEST_F(OwnFile, IsForItsOwnerOnly) {
  ASSERT_TRUE(write_own_file(path, Json::object()));
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
}

TEST_F(OwnFile, ThatIsDamagedIsAnErrorThatNamesIt) {
  EXPECT_EQ(error_with(R"({"number": 7})"), "none");
  EXPECT_TRUE(error_with("").starts_with(path + ": line 1, column 1: ")) << error_with("");
  EXPECT_EQ(error_with("{}"), path + ": key 'number' not found");
  EXPECT_EQ(error_with(R"({"number": "7"})"), path + ": type must be number, but is string");
  EXPECT_EQ(error_with(R"({"number": -1})"), path + ": number is negative");
  EXPECT_EQ(error_with("[]"), path + ": cannot use at() with array");
}

TEST_F(OwnFile, ThatIsDamagedCanBeMended) {
  std::ofstream(path) << "{}";
  EXPECT_EQ(read_own_file(path, number_in, "remove it").error().message, path + ": key 'number' not found; remove it");
  EXPECT_EQ(read_own_file(folder.path, number_in, "remove it").error().message,
            "cannot read " + folder.path + ": it is not a regular file");
}

}  // namespace
}  // namespace hydra_provisioner::io
