// nix/options.json lists every option as the tables in the code do. UPDATE_GOLDEN=1 writes it.
#include "reference/options_list.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"

namespace hydra_provisioner::reference {
namespace {

TEST(OptionsList, IsTheFileOfTheNixosModule) {
  const std::string file = TEST_DATA "/../../nix/options.json";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(file) << options_list();
  std::ifstream in(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), options_list())
      << "where this is right, run this test with UPDATE_GOLDEN=1";
}

TEST(OptionsList, SaysWhatAnOptionIs) {
  const io::Json list = io::Json::parse(options_list());
  EXPECT_EQ(list.at("top").at(0).at("default"), R"("hydra-provisioned")");
  EXPECT_EQ(list.at("local").at(0).at("words"), (io::Json{"own", "host"}));
  const auto price =
      *std::ranges::find(list.at("pool"), "pricePerHour", [](const io::Json& of) { return of.at("name"); });
  EXPECT_EQ(price.at("kind"), "price");
  EXPECT_EQ(price.at("default"), nullptr);
  EXPECT_EQ(price.at("min"), 0);
  EXPECT_EQ(price.at("max"), 1'000'000);
}

}  // namespace
}  // namespace hydra_provisioner::reference
