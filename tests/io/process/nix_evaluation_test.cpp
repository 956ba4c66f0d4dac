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
  EXPECT_EQ(cause_of_failure(1, "warning: x\nevaluating file '/a'\nerror: boo\n\n  (use '--show-trace')\n"),
            "cannot be evaluated:\nerror: boo");
  EXPECT_EQ(cause_of_failure(7, "warning: x\n"), "cannot be evaluated: nix-instantiate exited with 7");
}

}  // namespace
}  // namespace hydra_provisioner::io
