#include "observe/derivations.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/async/clock.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string derivation(const std::string& attributes) {
  return R"(Derive([("out","/nix/store/x-a","","")],[("/nix/store/y-b.drv",["out","requiredSystemFeatures"])],)"
         R"(["/nix/store/z-builder.sh"],"x86_64-linux","/bin/sh",["-c","echo \")],[(\" requiredSystemFeatures"],[)" +
         attributes + "])";
}

Expected<std::set<std::string>> features_in(std::string_view text) {
  auto derivation = read_derivation(text);
  if (!derivation) return std::unexpected(derivation.error());
  return derivation->required_features;
}

TEST(RequiredFeaturesOf, ADerivationAreItsAttribute) {
  EXPECT_THAT(
      features_in(derivation(R"(("name","a"),("requiredSystemFeatures","kvm nixos-test"),("system","s"))")).value(),
      ElementsAre("kvm", "nixos-test"));
}

TEST(RequiredFeaturesOf, ADerivationWithoutThemAreNone) {
  EXPECT_THAT(features_in(derivation(R"(("name","requiredSystemFeatures"),("x","y"))")).value(), ElementsAre());
  EXPECT_THAT(features_in(derivation("")).value(), ElementsAre());
}

TEST(RequiredFeaturesOf, StructuredAttributesAreInTheirJson) {
  EXPECT_THAT(
      features_in(derivation(R"(("__json","{\"name\":\"a\",\"requiredSystemFeatures\":[\"big-parallel\"]}"))")).value(),
      ElementsAre("big-parallel"));
  EXPECT_THAT(features_in(derivation(R"(("__json","{\"name\":\"a\"}"))")).value(), ElementsAre());
}

TEST(RequiredFeaturesOf, LocalIsNoFeature) {
  EXPECT_THAT(features_in(derivation(R"(("requiredSystemFeatures","local kvm"))")).value(), ElementsAre("kvm"));
}

TEST(InputsOf, ADerivationAreItsInputDerivations) {
  std::string_view text =
      R"(Derive([("out","/nix/store/o","","")],[("/nix/store/b-b.drv",["out"]),("/nix/store/a-a.drv",["dev"])],)"
      R"(["/nix/store/s-source"],"x86_64-linux","/bin/sh",["-c","x"],[("drvPath","/nix/store/c-c.drv")]))";
  EXPECT_THAT(read_derivation(text).value().inputs, ElementsAre("b-b.drv", "a-a.drv"));
}

TEST(InputsOf, ADerivationWithoutAnyAreNone) {
  std::string_view text = R"(Derive([("out","/nix/store/o","","")],[],[],"builtin","builtin:fetchurl",[],[("a","b")]))";
  EXPECT_THAT(read_derivation(text).value().inputs, ElementsAre());
}

TEST(RequiredFeaturesOf, BrokenDerivationsAreNotKnown) {
  const std::string good = derivation(R"(("requiredSystemFeatures","kvm"))");
  EXPECT_THAT(features_in("").error().message, HasSubstr("is not a derivation"));
  EXPECT_THAT(features_in("<html>").error().message, HasSubstr("does not begin with Derive("));
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(features_in(std::string_view(good).substr(0, length))) << length;
  EXPECT_THAT(features_in(derivation(R"(("__json","[1"))")).error().message, HasSubstr("__json is not an object"));
}

TEST(RequiredFeaturesOf, OneDerivationMayFollowAnother) {
  const std::string both = derivation(R"(("requiredSystemFeatures","kvm"))") + derivation(R"(("a","b"))");
  std::string_view text = both;
  EXPECT_THAT(read_derivation(text).value().required_features, ElementsAre("kvm"));
  EXPECT_THAT(read_derivation(text).value().required_features, ElementsAre());
  EXPECT_EQ(text, "");
}

// A store command that prints files of a folder, and notes how often it was called.
class DerivationsByCommand : public testing::Test {
 protected:
  void has(const std::string& name, const std::string& attributes) {
    std::ofstream(folder.path + "/" + name) << derivation(attributes);
  }
  Derivations reader() { return {store, folder.path + "/memory.json", clock}; }
  RequiredFeatures ask(Derivations& derivations, std::set<std::string> names) const {
    return support::await(derivations.features_of(std::move(names), clock.now() + Seconds{60}));
  }
  std::size_t calls() const {
    std::ifstream file(folder.path + "/calls");
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
  }

  support::TemporaryFolder folder;
  io::SystemClock clock;
  std::string script =
      fmt::format("cd {}; echo call >>calls; for p; do cat \"$(basename \"$p\")\" || exit 1; done", folder.path);
  DerivationStore store{{"sh", "-c", script, "sh"}, clock};
};

TEST_F(DerivationsByCommand, AreReadOnceAndRemembered) {
  has("a.drv", R"(("requiredSystemFeatures","kvm"))");
  has("b.drv", R"(("x","y"))");
  Derivations derivations = reader();
  EXPECT_THAT(ask(derivations, {"a.drv", "b.drv"}),
              ElementsAre(Pair("a.drv", std::set<std::string>{"kvm"}), Pair("b.drv", std::set<std::string>{})));
  ask(derivations, {"a.drv", "b.drv"});
  EXPECT_EQ(calls(), 1);
  Derivations later = reader();
  EXPECT_THAT(ask(later, {"a.drv"}), ElementsAre(Pair("a.drv", std::set<std::string>{"kvm"})));
  EXPECT_EQ(calls(), 1) << "the file remembers it";
}

TEST_F(DerivationsByCommand, OneThatIsMissingDoesNotHideTheOthers) {
  std::set<std::string> names;
  for (int i = 0; i < 9; ++i) {
    names.insert(fmt::format("{}.drv", i));
    if (i != 4) has(fmt::format("{}.drv", i), R"(("requiredSystemFeatures","kvm"))");
  }
  Derivations derivations = reader();
  const RequiredFeatures found = ask(derivations, names);
  for (const auto& [name, features] : found) EXPECT_EQ(features.has_value(), name != "4.drv") << name;
  EXPECT_THAT(found.at("4.drv").error().message, HasSubstr("/nix/store/4.drv: queue.storeCommand: sh exited with 1"));
  const std::size_t before = calls();
  ask(derivations, names);
  EXPECT_EQ(calls(), before) << "it is asked for again only later";
}

TEST_F(DerivationsByCommand, ACommandThatAlwaysFailsIsNotCalledForEachOfThem) {
  std::set<std::string> names;
  for (int i = 0; i < 400; ++i) names.insert(fmt::format("{}.drv", i));
  Derivations derivations = reader();
  const RequiredFeatures found = ask(derivations, names);
  EXPECT_EQ(found.size(), 400);
  EXPECT_LE(calls(), 40);
}

TEST_F(DerivationsByCommand, ANameThatLeadsOutOfTheStoreIsNotAskedFor) {
  Derivations derivations = reader();
  const RequiredFeatures found = ask(derivations, {"../../etc/passwd", "-rf.txt"});
  for (const auto& [name, features] : found)
    EXPECT_THAT(features.error().message, HasSubstr("is no name of a derivation"));
  EXPECT_EQ(calls(), 0);
}

TEST_F(DerivationsByCommand, FromACommandThatFailsCostNoMoreCallsThanAreGiven) {
  has("a.drv", "");
  const auto answer = support::await(store.read({"a.drv", "b.drv", "c.drv", "d.drv"}, 2, clock.now() + Seconds{60}));
  EXPECT_EQ(answer.failed_calls, 2);
  EXPECT_EQ(calls(), 2);
  EXPECT_EQ(answer.derivations.size(), 4);
  for (const auto& [name, read] : answer.derivations) EXPECT_EQ(read.error().kind, ErrorKind::unanswered) << name;
  EXPECT_TRUE(support::await(store.read({"a.drv"}, 1, clock.now() + Seconds{60})).derivations.at("a.drv"));
}

TEST_F(DerivationsByCommand, FromACommandThatHangsAreWaitedForUntilTheGivenTime) {
  DerivationStore hanging({"sh", "-c", "sleep 1000"}, clock);
  const auto answer = support::await(hanging.read({"a.drv", "b.drv"}, 9, clock.now() + Seconds{1}));
  EXPECT_EQ(answer.derivations.size(), 2);
  for (const auto& [name, read] : answer.derivations) {
    EXPECT_EQ(read.error().kind, ErrorKind::unanswered) << name;
    EXPECT_THAT(read.error().message, HasSubstr("1 s")) << name;
  }
}

TEST_F(DerivationsByCommand, FromACommandThatTakesTooLongAreReadFewerAtATimeUntilAllAreKnown) {
  std::set<std::string> names;
  for (int i = 0; i < 8; ++i) {
    names.insert(fmt::format("{}.drv", i));
    has(fmt::format("{}.drv", i), R"(("requiredSystemFeatures","kvm"))");
  }
  DerivationStore slow({"sh", "-c", "[ $# -le 2 ] || sleep 1000; " + script, "sh"}, clock);
  Derivations derivations(slow, folder.path + "/slow.json", clock);
  std::size_t known = 0;
  for (int look = 0; look < 9 && known < names.size(); ++look) {
    const auto found = support::await(derivations.features_of(names, clock.now() + Seconds{2}));
    for (const auto& [name, features] : found) EXPECT_TRUE(features) << name << " is only to be read yet";
    EXPECT_GE(found.size(), known) << "what was read is kept";
    known = found.size();
  }
  EXPECT_EQ(known, names.size());
}

TEST_F(DerivationsByCommand, OfWhichOneHangsDoNotWaitForItAgainAndAgain) {
  has("b.drv", R"(("requiredSystemFeatures","kvm"))");
  const std::string hangs = fmt::format(
      "cd {}; for p; do [ $(basename $p) != a.drv ] || sleep 1000; cat \"$(basename \"$p\")\"; done", folder.path);
  DerivationStore hanging({"sh", "-c", hangs, "sh"}, clock);
  Derivations derivations(hanging, folder.path + "/hanging.json", clock);
  const auto look = [&] {
    return support::await(derivations.features_of({"a.drv", "b.drv"}, clock.now() + Seconds{2}));
  };
  EXPECT_THAT(look(), ElementsAre());
  EXPECT_THAT(look().at("a.drv").error().message, HasSubstr("2 s"));
  EXPECT_THAT(look().at("b.drv").value(), ElementsAre("kvm"));
}

TEST_F(DerivationsByCommand, ThatCouldNotBeReadInTimeAreReadTheNextTime) {
  has("a.drv", R"(("requiredSystemFeatures","kvm"))");
  Derivations derivations = reader();
  EXPECT_THAT(support::await(derivations.features_of({"a.drv"}, clock.now())), ElementsAre());
  EXPECT_EQ(calls(), 0);
  EXPECT_THAT(ask(derivations, {"a.drv"}), ElementsAre(Pair("a.drv", std::set<std::string>{"kvm"})));
}

TEST(DerivationsOfThisHost, ThatAreMissingAreNamed) {
  support::TemporaryFolder folder;
  io::SystemClock clock;
  DerivationStore store({}, clock);
  Derivations derivations(store, folder.path + "/memory.json", clock);
  const RequiredFeatures found = support::await(derivations.features_of({"0-no-such.drv"}, clock.now() + Seconds{60}));
  EXPECT_EQ(found.at("0-no-such.drv").error().message,
            "/nix/store/0-no-such.drv is not in this host's store; see queue.storeCommand");
}

}  // namespace
}  // namespace hydra_provisioner::observe
