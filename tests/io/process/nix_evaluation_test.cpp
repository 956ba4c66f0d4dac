#include "io/process/nix_evaluation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NixEvaluation, ReadsTheFilesThatMayChange) {
  EXPECT_THAT(evaluated_files("evaluating file '/etc/conf.nix'\nevaluating file '/nix/store/x/lib.nix'\nwarning: x\n"
                              "evaluating file '/etc/it's.nix'\n"),
              ElementsAre("/etc/conf.nix", "/etc/it's.nix"));
  for (const char* cut : {"evaluating file '", "evaluating file", "evaluating file ''", "evaluating file '/a"})
    EXPECT_THAT(evaluated_files(cut), IsEmpty()) << cut;
}

TEST(NixEvaluation, FailsWithNixsOwnWords) {
  EXPECT_EQ(cause_of_failure(1, "warning: x\nevaluating file '/a'\nerror: boo\n\n  (use '--show-trace')\n"), "boo");
  EXPECT_EQ(cause_of_failure(7, "warning: x\n"), "nix-instantiate exited with 7");
}

TEST(NixEvaluation, IsNotTrustedWhereNixHadNoStoreAndWentOn) {
  EXPECT_TRUE(has_left_something_out("warning: search path entry 'file:///x.tar.gz' cannot be downloaded, ignoring\n"));
  EXPECT_FALSE(has_left_something_out("warning: the group 'nixbld' does not exist\nevaluating file '/etc/conf.nix'\n"));
}

TEST(NixError, MayComeFromACrash) {
  EXPECT_EQ(nix_error("terminate called after throwing an instance of 'nix::Error'\n"
                      "  what():  error: cannot determine user's home directory\n"),
            "cannot determine user's home directory");
}

TEST(NixError, OfNix28HasItsPlaceBelow) {
  EXPECT_EQ(nix_error("error: undefined variable 'n'\n\n       at /etc/conf.nix:1:59:\n\n            1| { a = n; }\n"
                      "             |       ^\n"),
            "undefined variable 'n' at /etc/conf.nix:1:59");
  EXPECT_EQ(nix_error("error: attribute 'lenth' missing\n\n       at /a.nix:1:1:\n\n            1| lib.lenth\n"
                      "             | ^\n       Did you mean length?\n"),
            "attribute 'lenth' missing at /a.nix:1:1 (Did you mean length?)");
}

TEST(NixError, OfNix226StandsBelowATraceOfOurOwnExpression) {
  EXPECT_EQ(nix_error(R"(error:
       … while evaluating the attribute 'a'
         at «string»:6:32:
            5|   # Paths must become strings before they become JSON, because Nix would copy the files to its store.
            6|   plain = value:
             |                                ^
            7|     if builtins.isPath value then toString value

       … while calling the 'isPath' builtin
         at «string»:7:8:
            6|   plain = value:
            7|     if builtins.isPath value then toString value
             |        ^

       error: undefined variable 'n'
       at /etc/conf.nix:1:59:
            1| { systemTypes.x86_64-linux = { local = { }; maxMachines = n; }; }
             |                                                           ^
)"),
            "undefined variable 'n' at /etc/conf.nix:1:59");
}

TEST(NixError, OfAThrowIsWhereTheTraceEntersTheFile) {
  EXPECT_EQ(nix_error("error:\n       … while calling the 'throw' builtin\n         at /etc/conf.nix:1:9:\n"
                      "            1| { tag = throw \"no\"; }\n             |         ^\n\n"
                      "       error: no tag\n       for today\n"),
            "no tag for today at /etc/conf.nix:1:9");
}

TEST(NixError, IsOneLineThatATerminalDoesNotObey) {
  EXPECT_EQ(nix_error("\x1b[31;1merror:\x1b[0m boo\n"), "error: boo");
  EXPECT_EQ(nix_error("error: a\x1b[2Jb\n"), "ab");
  EXPECT_EQ(nix_error("error: \x1b[31mboo\u202e\n"), "boo");
}

}  // namespace
}  // namespace hydra_provisioner::io
