#include "providers/nixops/program/nix_text.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "io/process/subprocess.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers {
namespace {

using testing::HasSubstr;

constexpr const char* readme_style = R"({ type, tag, ... }:
{
  network.description = "Hydra build machine";
  machine = { ... }: { given = "${tag} ${type}"; };
})";

class NetworkFiles : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) {
    const std::string path = folder_.path + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << content;
    return path;
  }

  // What the expression, in which `network` is the value of the file, evaluates to; or Nix's error.
  std::string evaluated(const std::string& file_content, const std::string& expression) {
    const std::string file = write("generated/nixops.nix", file_content);
    const auto finished =
        support::await(io::run({.argv = {"nix-instantiate", "--eval", "--strict", "--json", "-E",
                                         fmt::format("let network = import {}; in {}", file, expression)},
                                .deadline = std::chrono::minutes(2)}));
    if (!finished) return finished.error().message;
    return finished->exit_status == 0 ? finished->output.substr(0, finished->output.find('\n')) : finished->errors;
  }

  std::string wrapper_of(const std::string& user_file_content) {
    return nixops::wrapper_network(write("deployment.nix", user_file_content), "x86_64-linux:benchmark",
                                   Tag("hydra-provisioned"));
  }

  Expected<io::Finished> parsed(const std::string& file_content) {
    return support::await(
        io::run_successfully({.argv = {"nix-instantiate", "--parse", write("nixops.nix", file_content)},
                              .deadline = std::chrono::minutes(2)}));
  }

  const std::string& folder() const { return folder_.path; }

 private:
  support::TemporaryFolder folder_;
};

TEST_F(NetworkFiles, AreNix) {
  for (const std::string& content : {wrapper_of("{ }"), nixops::management_network()}) {
    const auto finished = parsed(content);
    EXPECT_TRUE(finished) << finished.error().message;
  }
}

TEST_F(NetworkFiles, AWrapperNeedsNoArgumentsThoughTheUsersFileDoes) {
  const std::string wrapper = wrapper_of(readme_style);
  EXPECT_EQ(evaluated(wrapper, "(network { }).network"),
            R"({"description":"Hydra build machine","storage":{"legacy":{}}})");
  EXPECT_EQ(evaluated(wrapper, "((network { }).machine { }).given"), R"("hydra-provisioned x86_64-linux:benchmark")");
}

TEST_F(NetworkFiles, ArgumentsThatAreGivenCount) {
  const std::string wrapper = wrapper_of(readme_style);
  EXPECT_EQ(evaluated(wrapper, R"(((network { type = "t"; tag = "g"; }).machine { }).given)"), R"("g t")");
  EXPECT_EQ(evaluated(wrapper, R"(((network { type = "t"; }).machine { }).given)"), R"("hydra-provisioned t")");
  EXPECT_EQ(evaluated(wrapper_of("{ n ? 1, ... }: { machine = n; }"), "(network { n = 2; }).machine"), "2");
}

TEST_F(NetworkFiles, AUsersFileNeedNotTakeMoreThanTypeAndTag) {
  EXPECT_EQ(evaluated(wrapper_of("{ type, tag }: { machine = type; }"), "(network { }).machine"),
            R"("x86_64-linux:benchmark")");
}

TEST_F(NetworkFiles, AUsersFileMayBeAPlainSet) {
  EXPECT_EQ(evaluated(wrapper_of("{ machine = 1; }"), R"(network { type = "t"; tag = "g"; })"),
            R"({"machine":1,"network":{"storage":{"legacy":{}}}})");
}

TEST_F(NetworkFiles, AUsersFileFindsItsNeighbours) {
  write("machine.nix", "7");
  EXPECT_EQ(evaluated(wrapper_of("{ machine = import ./machine.nix; }"), "(network { }).machine"), "7");
}

TEST_F(NetworkFiles, KeepTheNetworksOwnSettingsOfTheLegacyStorage) {
  EXPECT_EQ(evaluated(wrapper_of(R"({ network.storage.legacy.databasefile = "f"; network.lock.noop = { }; })"),
                      "(network { }).network"),
            R"({"lock":{"noop":{}},"storage":{"legacy":{"databasefile":"f"}}})");
}

TEST_F(NetworkFiles, LetNoNetworkKeepItsStateElsewhere) {
  EXPECT_EQ(evaluated(wrapper_of("{ network.storage.memory = { }; }"), "(network { }).network.storage"),
            R"({"legacy":{}})");
}

TEST_F(NetworkFiles, HandOverASlotToThoseThatTakeOne) {
  const std::string wrapper = wrapper_of("{ type, tag, slot }: { machine = slot; }");
  EXPECT_EQ(evaluated(wrapper, "(network { }).machine"), "0") << "NixOps 2 first gives no arguments";
  EXPECT_EQ(evaluated(wrapper, "(network { slot = 3; }).machine"), "3");
  EXPECT_EQ(evaluated(wrapper_of("{ type, tag }: { machine = 7; }"), "(network { slot = 3; }).machine"), "7");
}

TEST_F(NetworkFiles, StandAnyPathTypeAndTag) {
  const std::string odd = R"(a b "c" ${d} $$ 'e' \ ü #)";
  const std::string file = write(odd + "\n/" + odd + ".nix", readme_style);
  const std::string wrapper = nixops::wrapper_network(file, R"(${type}")", Tag(R"(\tag"$)"));
  EXPECT_EQ(evaluated(wrapper, "((network { }).machine { }).given"), R"("\\tag\"$ ${type}\"")");
}

TEST_F(NetworkFiles, LetNixNameTheUsersFile) {
  EXPECT_THAT(evaluated(wrapper_of("{\n  oops\n}"), "network { }"), HasSubstr(folder() + "/deployment.nix:3:"));
  EXPECT_THAT(evaluated(wrapper_of("{ other }: { }"), "network { }"), HasSubstr(folder() + "/deployment.nix:1:1"));
  EXPECT_THAT(wrapper_of("{ }"), HasSubstr("\"" + folder() + "/deployment.nix\"."));
}

TEST_F(NetworkFiles, ManageWithoutAnyExpressionOrNixpkgs) {
  EXPECT_EQ(evaluated(nixops::management_network(), "builtins.attrNames network"), R"(["network"])");
  EXPECT_EQ(evaluated(nixops::management_network(), "network.network.storage"), R"({"legacy":{}})");
}

TEST_F(NetworkFiles, ManageWithTheFoldOfNixpkgs) {
  const std::string fold = "network.network.nixpkgs.lib.fold ";
  EXPECT_EQ(evaluated(nixops::management_network(), fold + R"_((a: b: "(${a} ${b})") "z" [ "a" "b" "c" ])_"),
            R"_("(a (b (c z)))")_");
  EXPECT_EQ(evaluated(nixops::management_network(), fold + R"((a: b: a) "z" [ ])"), R"("z")");
}

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
