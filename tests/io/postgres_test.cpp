#include "io/postgres.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/await.hpp"

namespace hydra_provisioner::io {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Postgres, SaysWhereNoServerIsAndWhy) {
  Postgres postgres;
  const auto notified = support::await(postgres.notify("host=/no/such/folder dbname=hydra", "channel", ""));
  ASSERT_FALSE(notified);
  EXPECT_THAT(notified.error().message, AllOf(HasSubstr("queue.database: "), HasSubstr("/no/such/folder"),
                                              HasSubstr("No such file or directory"), Not(HasSubstr("\n"))));
}

}  // namespace
}  // namespace hydra_provisioner::io
