#include "io/file/descriptor.hpp"

#include <utility>

#include <fcntl.h>

#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

TEST(Descriptors, AreClosedWhenTheyAreDestroyed) {
  const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  Descriptor first(number);
  Descriptor second(std::move(first));
  EXPECT_EQ(second.number(), number);
  second = Descriptor();
  EXPECT_FALSE(second.is_open());
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace hydra_provisioner::io
