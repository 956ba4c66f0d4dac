#include "providers/nixops/nix_strings.hpp"

#include <chrono>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "io/process/subprocess.hpp"
#include "tests/support/await.hpp"

namespace hydra_provisioner::providers {
namespace {

TEST(DecodeNixString, ReadsWhatNixOpsStores) {
  EXPECT_EQ(nixops::decode_nix_string(R"("x86_64-linux:benchmark")"), "x86_64-linux:benchmark");
  EXPECT_EQ(nixops::decode_nix_string(R"("a\"b\\c\${d}$e\nf")"), "a\"b\\c${d}$e\nf");
  EXPECT_EQ(nixops::decode_nix_string(R"("")"), "");
}

TEST(DecodeNixString, ReadsEscapesAsNixDoes) {
  EXPECT_EQ(nixops::decode_nix_string(R"("\n\r\t\$\"\\\x\'")"), "\n\r\t$\"\\x'");
  EXPECT_EQ(nixops::decode_nix_string(R"("\${a} $ $a a$")"), "${a} $ $a a$");
  EXPECT_EQ(nixops::decode_nix_string("\"a\r\nb\rc\nd\""), "a\nb\nc\nd");
  EXPECT_EQ(nixops::decode_nix_string("\"ü\""), "ü");
}

TEST(DecodeNixString, KnowsThatTwoDollarsBeginNoInterpolation) {
  EXPECT_EQ(nixops::decode_nix_string(R"("$${a}")"), "$${a}");
  EXPECT_EQ(nixops::decode_nix_string(R"("$\${a}")"), "$${a}");
  EXPECT_EQ(nixops::decode_nix_string(R"("$$")"), "$$");
  EXPECT_EQ(nixops::decode_nix_string(R"("$$${a}")"), std::nullopt);
}

TEST(DecodeNixString, LeavesOtherExpressionsToNix) {
  for (const char* expression : {"", "1", "true", "x", "[ \"a\" ]", "''a''", "\"", "\"a", "a\"", R"("a${b}c")",
                                 R"("a" + "b")", R"("a" )", R"("a"b)", R"("a\")", R"("a"b")"}) {
    EXPECT_EQ(nixops::decode_nix_string(expression), std::nullopt) << expression;
  }
}

TEST(NixString, IsReadable) {
  EXPECT_EQ(nixops::nix_string("x86_64-linux:benchmark"), R"("x86_64-linux:benchmark")");
  EXPECT_EQ(nixops::nix_string("a\"b\\c${d}\n\r\t"), R"("a\"b\\c\${d}\n\r\t")");
}

RC_GTEST_PROP(NixString, IsDecodedToWhatItWasMadeOf, (const std::string& text)) {
  RC_ASSERT(nixops::decode_nix_string(nixops::nix_string(text)) == text);
}

RC_GTEST_PROP(NixString, HoldsEveryMixOfSpecialCharacters, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("$${}\"\\\r\n\tna ")));
  RC_ASSERT(nixops::decode_nix_string(nixops::nix_string(text)) == text);
}

std::string value_in_nix(const std::string& literal) {
  const auto evaluated = support::await(
      io::run_successfully({.argv = {"nix-instantiate", "--eval", "--strict", "--json", "-E", literal + " + \"|\""},
                            .deadline = std::chrono::minutes(2)}));
  return evaluated ? io::last_meaningful_line(evaluated->output) : evaluated.error().message;
}

TEST(NixString, MeansTheSameToNix) {
  EXPECT_EQ(value_in_nix(nixops::nix_string("$${a} ${b} $$$ \\${c} \"d\" 'e' '' ü \\n $")),
            R"("$${a} ${b} $$$ \\${c} \"d\" 'e' '' ü \\n $|")");
  EXPECT_EQ(value_in_nix(nixops::nix_string("a\nb\rc\td\r\n")), R"("a\nb\rc\td\r\n|")");
}

TEST(DecodeNixString, MeansTheSameToNix) {
  const std::string literal = R"_("$${a} $\${b} $$\${c} \x\'\" $")_";
  EXPECT_EQ(nixops::decode_nix_string(literal), R"_($${a} $${b} $$${c} x'" $)_");
  EXPECT_EQ(value_in_nix(literal), R"_("$${a} $${b} $$${c} x'\" $|")_");
}

}  // namespace
}  // namespace hydra_provisioner::providers
