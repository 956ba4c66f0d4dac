#include "io/text/base64.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hydra_provisioner::io {
namespace {

// RFC 4648, section 10.
const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};

TEST(Base64, WritesTheVectorsOfTheRfc) {
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(to_base64(bytes), text);
}

TEST(Base64, ReadsTheVectorsOfTheRfc) {
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(from_base64(text), bytes);
}

TEST(Base64, UsesTheWholeAlphabet) {
  EXPECT_EQ(to_base64("\xfb\xff\xbf"), "+/+/");
  EXPECT_EQ(from_base64("+/+/"), "\xfb\xff\xbf");
}

TEST(Base64, RefusesTextThatItWouldNotWrite) {
  for (const std::string bad :
       {"Zg", "Zg=", "Zg===", "=", "Z", "Zm9vYg==Zg==", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Zm-_", "Zm9v="}) {
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  }
}

RC_GTEST_PROP(Base64, ReadsWhatItWrote, (const std::string& bytes)) {
  RC_ASSERT(from_base64(to_base64(bytes)) == bytes);
}

}  // namespace
}  // namespace hydra_provisioner::io
