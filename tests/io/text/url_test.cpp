#include "io/text/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(PartOfAUrl, HasNoCharacterThatMeansSomethingThere) {
  EXPECT_EQ(in_url("x86_64-linux:kvm/ä?&#%"), "x86_64-linux%3Akvm%2F%C3%A4%3F%26%23%25");
}

TEST(PartOfAUrl, MeansWhatWasWritten) {
  EXPECT_EQ(from_url(in_url("x86_64-linux:kvm/ä?&#%+ ")), "x86_64-linux:kvm/ä?&#%+ ");
}

TEST(PartOfAUrl, KeepsAPercentSignThatIsNoEscape) { EXPECT_EQ(from_url("100%, %4, %zz%41%"), "100%, %4, %zzA%"); }

TEST(Query, HasTheValuesOfAForm) {
  EXPECT_THAT(parse_query("q=a+b%26&&page=2&empty=&bare&q=c"),
              ElementsAre(Pair("bare", ""), Pair("empty", ""), Pair("page", "2"), Pair("q", "c")));
  EXPECT_THAT(parse_query("q=a+b%26"), ElementsAre(Pair("q", "a b&")));
}

}  // namespace
}  // namespace hydra_provisioner::io
