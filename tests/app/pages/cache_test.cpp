#include "app/pages/cache.hpp"

#include <string>

#include <gtest/gtest.h>

namespace hydra_provisioner::app::pages {
namespace {

using namespace std::chrono_literals;

TEST(Cache, KeepsWhatWasMade) {
  Cache<std::string> cache(1h, 100);
  EXPECT_FALSE(cache.find("a"));
  cache.keep("a", "first", 40);
  cache.keep("a", "second", 40);
  cache.keep("b", "other", 40);
  EXPECT_EQ(cache.find("a"), "second") << "what is replaced takes no place";
  EXPECT_EQ(cache.find("b"), "other");
}

TEST(Cache, ForgetsWhatIsOld) {
  Cache<std::string> cache(-1s, 100);
  cache.keep("a", "first", 1);
  EXPECT_FALSE(cache.find("a"));
}

TEST(Cache, HoldsNoMoreThanItMay) {
  Cache<std::string> cache(1h, 100);
  cache.keep("a", "first", 60);
  cache.keep("huge", "too large", 101);
  EXPECT_EQ(cache.find("a"), "first");
  EXPECT_FALSE(cache.find("huge"));
  cache.keep("b", "second", 60);
  EXPECT_FALSE(cache.find("a"));
  EXPECT_EQ(cache.find("b"), "second");
}

}  // namespace
}  // namespace hydra_provisioner::app::pages
