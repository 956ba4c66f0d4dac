// With the real Nix, which parses and evaluates without any nixpkgs.
#include "providers/nixops/specification/nixops_specification.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "providers/nixops/specification/named_files.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

// A farm's folder with deployment.nix, and what is beside it.
class NixopsSpecification : public testing::Test {
 protected:
  support::TemporaryFolder temporary;
  std::string root = fs::canonical(temporary.path).string();
  std::string farm = root + "/farm";
  std::string own_modules = root + "/modules";
  NixopsSettings settings{.expression = farm + "/deployment.nix", .nix_path = {}};

  // Never what this host's Nix would find.
  void SetUp() override { ::setenv("NIX_PATH", "", 1); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(farm + "/" + name).parent_path());
    std::ofstream(farm + "/" + name) << text;
  }

  Expected<std::string> specification(const std::string& type = "x86_64-linux", const std::string& tag = "t") const {
    const auto recipe = support::await(nixops::recipe_of({settings, type, Tag(tag), own_modules}, root + "/memory"));
    if (!recipe) return std::unexpected(recipe.error());
    return recipe->hash;
  }

  bool takes_slot() const {
    const auto recipe =
        support::await(nixops::recipe_of({settings, "x86_64-linux", Tag("t"), own_modules}, root + "/memory"));
    return nixops::takes_slot(recipe.value());
  }

  std::string hash() const {
    const auto found = specification();
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or("");
  }

  std::string error() const {
    const auto found = specification();
    return found ? "none" : found.error().message;
  }

  static std::string text_of(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  // Whether a change of this file, relative to deployment.nix, or that it comes, makes another specification.
  bool notices(const std::string& name) const {
    const std::string before = hash();
    if (fs::exists(farm + "/" + name)) {
      std::ofstream(farm + "/" + name, std::ios::app) << "\n# changed";
    } else {
      write(name, "{ }");
    }
    return before != hash();
  }
};

// While it lives, no program is found.
class WithoutPrograms {
 public:
  WithoutPrograms() { ::setenv("PATH", "/nowhere", 1); }
  WithoutPrograms(const WithoutPrograms&) = delete;
  WithoutPrograms& operator=(const WithoutPrograms&) = delete;
  ~WithoutPrograms() { ::setenv("PATH", path_.c_str(), 1); }

 private:
  std::string path_ = std::getenv("PATH");
};

TEST_F(NixopsSpecification, IsAUuidThatStaysTheSame) {
  write("deployment.nix", "{ type, tag, ... }: { machine = { imports = [ ./a.nix ]; }; }");
  write("a.nix", "{ }");
  EXPECT_THAT(hash(), MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"));
  EXPECT_EQ(hash(), hash());
}

TEST_F(NixopsSpecification, StaysTheSameWhenTimesChange) {
  write("deployment.nix", "{ imports = [ ./a.nix ./folder ]; }");
  write("a.nix", "{ }");
  write("folder/key", "k");
  const std::string before = hash();
  for (const char* name : {"/deployment.nix", "/a.nix", "/folder/key", "/folder"}) {
    fs::last_write_time(farm + name, fs::file_time_type::clock::now() + std::chrono::hours(1));
  }
  EXPECT_EQ(hash(), before);
}

TEST_F(NixopsSpecification, DiffersByTypeTagAndNixPath) {
  write("deployment.nix", "{ }");
  EXPECT_NE(specification("a", "b"), specification("a", "c"));
  EXPECT_NE(specification("a", "b"), specification("c", "b"));
  EXPECT_NE(specification("ab", "c"), specification("a", "bc"));
  const std::string before = hash();
  settings.nix_path = {"conf=" + root};
  EXPECT_NE(hash(), before);
}

TEST_F(NixopsSpecification, DiffersByTheExpression) {
  write("deployment.nix", "{ }");
  EXPECT_TRUE(notices("deployment.nix"));
  const std::string before = hash();
  settings.expression = farm + "/other.nix";
  fs::copy_file(farm + "/deployment.nix", settings.expression);
  EXPECT_NE(hash(), before);
}

TEST_F(NixopsSpecification, NoticesImportedFilesAndTheirImports) {
  write("deployment.nix", "{ machine = { imports = [ ./a.nix ]; }; }");
  write("a.nix", "{ imports = [ ./b ]; x = import ../farm/c.nix; }");
  write("b/default.nix", "{ imports = [ ./deep/d.nix ]; }");
  write("b/deep/d.nix", "{ }");
  write("c.nix", "{ }");
  write("unrelated.nix", "{ }");
  EXPECT_FALSE(notices("unrelated.nix"));
  EXPECT_FALSE(notices("unrelated/new.nix"));
  for (const char* name : {"c.nix", "b/deep/d.nix", "b/default.nix", "a.nix"}) EXPECT_TRUE(notices(name)) << name;
}

TEST_F(NixopsSpecification, NoticesFilesThatAreRead) {
  write("deployment.nix", "{ key = builtins.readFile ./key.pub; logo = ./logo; both = ./k + \"ey.priv\"; }");
  for (const char* name : {"key.pub", "logo", "key.priv"}) write(name, "content {");
  for (const char* name : {"key.pub", "logo", "key.priv"}) EXPECT_TRUE(notices(name)) << name;
}

TEST_F(NixopsSpecification, NoticesWhatTheSearchPathLeadsTo) {
  settings.nix_path = {"conf=" + root + "/conf", root + "/more"};
  write("deployment.nix", "{ imports = [ <conf/x.nix> <y.nix> <hydra-provisioner/auto-shutdown.nix> ]; }");
  write("../conf/x.nix", "import ./z.nix");
  write("../conf/z.nix", "{ }");
  write("../more/y.nix", "{ }");
  write("../modules/auto-shutdown.nix", "{ }");
  write("../modules/other.nix", "{ }");
  EXPECT_FALSE(notices("../modules/other.nix"));
  EXPECT_TRUE(notices("../conf/z.nix"));
  EXPECT_TRUE(notices("../conf/x.nix"));
  EXPECT_TRUE(notices("../more/y.nix"));
  EXPECT_TRUE(notices("../modules/auto-shutdown.nix"));
}

TEST_F(NixopsSpecification, NoticesThatAnEarlierFolderOfTheSearchPathGetsTheFile) {
  settings.nix_path = {root + "/first", root + "/second"};
  write("deployment.nix", "import <x.nix>");
  write("../second/x.nix", "{ }");
  const std::string before = hash();
  write("../first/x.nix", "{ }");
  EXPECT_NE(hash(), before);
}

TEST_F(NixopsSpecification, NoticesThatTheNamesOfTwoFilesAreSwapped) {
  write("deployment.nix", "[ <a> <b> ]");
  write("a.nix", "{ }");
  write("b.nix", "{ x = 1; }");
  const auto with = [&](const std::string& a, const std::string& b) {
    settings.nix_path = {fmt::format("a={}/{}", farm, a), fmt::format("b={}/{}", farm, b)};
    return hash();
  };
  EXPECT_NE(with("a.nix", "b.nix"), with("b.nix", "a.nix"));
}

TEST_F(NixopsSpecification, DoesNotCountWhatOnlyTheEnvironmentLeadsTo) {
  ::setenv("NIX_PATH", ("conf=" + root + "/environment:channel:x:" + root + "/any").c_str(), 1);
  write("deployment.nix", "{ machine = import <conf/x.nix>; other = [ <z.nix> ./near.nix ]; }");
  write("near.nix", "{ }");
  write("../environment/x.nix", "{ ... }: { }");
  write("../any/z.nix", "{ }");
  const std::string before = hash();
  EXPECT_FALSE(notices("../environment/x.nix"));
  EXPECT_FALSE(notices("../any/z.nix"));
  ::setenv("NIX_PATH", ("conf=" + root + "/environment").c_str(), 1);
  EXPECT_EQ(hash(), before);
  ::setenv("NIX_PATH", ("conf=" + root + "/environment:" + farm).c_str(), 1);
  EXPECT_EQ(hash(), before);
  EXPECT_TRUE(notices("near.nix"));
  settings.nix_path = {"conf=" + root + "/conf"};
  write("../conf/x.nix", "{ }");
  EXPECT_TRUE(notices("../conf/x.nix"));
  write("../environment/x.nix", "{ }");
  EXPECT_FALSE(notices("../environment/x.nix"));
}

TEST_F(NixopsSpecification, IsTheSameWhereverOurOwnModulesAre) {
  write("deployment.nix", "import <hydra-provisioner/auto-shutdown.nix>");
  write("../modules/auto-shutdown.nix", "import ./script.nix");
  write("../modules/script.nix", "{ }");
  const std::string before = hash();
  own_modules = root + "/elsewhere";
  fs::rename(root + "/modules", own_modules);
  EXPECT_EQ(hash(), before);
  EXPECT_TRUE(notices("../elsewhere/script.nix"));
}

TEST_F(NixopsSpecification, DoesNotLookIntoNixpkgsButNoticesAnotherOne) {
  const std::string poison = "{ this does not parse";
  write("../old/default.nix", poison);
  write("../new/default.nix", poison);
  fs::create_directory_symlink(root + "/old", root + "/channel");
  settings.nix_path = {"nixpkgs=" + root + "/channel"};
  write("deployment.nix", "{ pkgs = import <nixpkgs> { }; nixos = import <nixpkgs/nixos>; }");
  const std::string before = hash();
  EXPECT_FALSE(notices("../old/default.nix"));
  fs::remove(root + "/channel");
  fs::create_directory_symlink(root + "/new", root + "/channel");
  EXPECT_NE(hash(), before);
}

TEST_F(NixopsSpecification, NoticesAnotherNixpkgsThatOnlyNixopsNames) {
  fs::create_directories(root + "/channels");
  fs::create_directories(root + "/old");
  fs::create_directories(root + "/new");
  fs::create_directory_symlink(root + "/old", root + "/channels/nixpkgs");
  settings.nix_path = {root + "/channels"};
  write("deployment.nix", "{ }");
  const std::string before = hash();
  fs::remove(root + "/channels/nixpkgs");
  fs::create_directory_symlink(root + "/new", root + "/channels/nixpkgs");
  EXPECT_NE(hash(), before);
}

TEST_F(NixopsSpecification, KnowsACheckoutOfNixpkgsByItsListOfPackages) {
  write("../checkout/default.nix", "{ this does not parse");
  write("../checkout/pkgs/top-level/all-packages.nix", "{ nor does this");
  write("deployment.nix", "{ pkgs = import ../checkout { }; }");
  EXPECT_FALSE(notices("../checkout/default.nix"));
  EXPECT_TRUE(notices("../checkout/pkgs/top-level/all-packages.nix"));
}

TEST_F(NixopsSpecification, LeavesUrlsToNix) {
  settings.nix_path = {"nixpkgs=channel:nixos-17.09-small", "x=https://example.invalid/x.tar.gz"};
  write("deployment.nix", "[ <nixpkgs> <x/y.nix> ]");
  const std::string before = hash();
  settings.nix_path[0] = "nixpkgs=channel:nixos-18.03";
  EXPECT_NE(hash(), before);
}

TEST_F(NixopsSpecification, FollowsImportCycles) {
  write("deployment.nix", "{ machine = import ./a.nix; }");
  write("a.nix", "x: if x then import ./b.nix else import ./a.nix");
  write("b.nix", "import ./deployment.nix");
  EXPECT_TRUE(notices("b.nix"));
}

TEST_F(NixopsSpecification, NoticesWhenAMissingFileComes) {
  write("deployment.nix", "[ ./later.nix <conf/later.nix> ./folder ]");
  settings.nix_path = {"conf=" + root + "/conf"};
  EXPECT_TRUE(notices("later.nix"));
  EXPECT_TRUE(notices("../conf/later.nix"));
  EXPECT_TRUE(notices("folder/x"));
}

TEST_F(NixopsSpecification, CountsAFoldersFilesToAnyDepth) {
  write("deployment.nix", "{ src = ./src; }");
  write("src/deep/down/x", "x");
  write("src/.hidden", "x");
  write("src/.git/index", "x");
  fs::create_directory_symlink(farm, farm + "/src/around");
  EXPECT_FALSE(notices("src/.git/index"));
  EXPECT_FALSE(notices("beside"));
  EXPECT_TRUE(notices("src/deep/down/x"));
  EXPECT_TRUE(notices("src/.hidden"));
  EXPECT_TRUE(notices("src/deep/new"));
  const std::string before = hash();
  fs::rename(farm + "/src/deep/new", farm + "/src/deep/renamed");
  EXPECT_NE(hash(), before);
}

TEST_F(NixopsSpecification, OfAFolderWithTooMuchInItTakesSizesAndTimes) {
  write("deployment.nix", "./big");
  for (int i = 0; i < 2'100; ++i) write("big/" + std::to_string(i), "x");
  const std::string before = hash();
  EXPECT_EQ(hash(), before);
  EXPECT_TRUE(notices("big/999"));  // the last
  fs::resize_file(farm + "/big/1000", std::uintmax_t{65} << 20);
  const std::string larger = hash();
  fs::resize_file(farm + "/big/1000", std::uintmax_t{66} << 20);
  EXPECT_NE(hash(), larger);
}

TEST_F(NixopsSpecification, CountsOnlyWhatIsDirectlyInTheFolderOfTheExpressionItself) {
  write("deployment.nix", "{ src = ./.; parent = ../.; }");
  write("sibling.nix", "import ./a/deep.nix");
  write("a/deep.nix", "{ }");
  EXPECT_FALSE(notices("a/deep.nix"));
  for (const char* name : {"a/deep", ".deployment.nix.swp", "deployment.nix~"}) EXPECT_FALSE(notices(name)) << name;
  EXPECT_FALSE(notices("../beside/deep"));
  EXPECT_TRUE(notices("x"));
  EXPECT_TRUE(notices("../y"));
}

TEST_F(NixopsSpecification, CountsOneFileOfTheExpressionsFolderWhenThatIsMeant) {
  write("deployment.nix", R"(let x = import (./. + "/x.nix"); in { y = "${../.}/farm/y"; })");
  write("x.nix", "import ./z.nix");
  write("z.nix", "{ }");
  write("y", "y");
  EXPECT_FALSE(notices("unrelated"));
  EXPECT_TRUE(notices("y"));
  EXPECT_TRUE(notices("z.nix"));
  EXPECT_TRUE(notices("x.nix"));
}

TEST_F(NixopsSpecification, FollowsWhateverAComputedPathMayMean) {
  write("deployment.nix", R"X({ type, ... }: {
    a = [ ./types/${type}.nix (./more + "/${type}.nix") ];
    b = [ (./. + "/even/${type}.nix") ./${type}.nix ];
  })X");
  write("types/a.nix", "import ../common.nix");
  write("types/template.nix", "@not nix@");
  write("even/d.nix", "{ }");
  write("more/b.nix", "import ../common-too.nix");
  write("c.nix", "import ./sub/common.nix");
  write("default.nix", "@not nix@");
  for (const char* name : {"common.nix", "common-too.nix", "sub/common.nix"}) write(name, "{ }");
  for (const char* name : {"common.nix", "common-too.nix", "sub/common.nix", "types/a.nix", "types/new.nix",
                           "types/template.nix", "more/b.nix", "even/d.nix", "c.nix"}) {
    EXPECT_TRUE(notices(name)) << name;
  }
}

TEST_F(NixopsSpecification, CountsAScriptWithArgumentsAsTheScript) {
  write("deployment.nix", R"({ type, ... }: { script = "${./run.sh} --port ${type}"; })");
  write("run.sh", "exec");
  EXPECT_FALSE(notices("unrelated"));
  EXPECT_TRUE(notices("run.sh"));
}

TEST_F(NixopsSpecification, TakesNoStringOrCommentForAPath) {
  write("deployment.nix", R"X(
    # ./comment.nix
    /* ./comment.nix */
    {
      plain = "./string.nix ${"./string.nix"}";
      indented = ''./string.nix ''${./string.nix} "./string.nix"'';
      escaped = "\${./string.nix} \" ./string.nix \\";
      "./string.nix".x = 1;
      path = "${./really.nix}";
      nested = "${"x ${./nested.nix}"}";
      attribute.${./attribute.nix} = 1;
      quotient = a: b: a / b // { };
    }
  )X");
  for (const char* name : {"really.nix", "nested.nix", "attribute.nix"}) write(name, "{ }");
  EXPECT_FALSE(notices("comment.nix"));
  EXPECT_FALSE(notices("string.nix"));
  EXPECT_TRUE(notices("really.nix"));
  EXPECT_TRUE(notices("nested.nix"));
  EXPECT_TRUE(notices("attribute.nix"));
}

TEST_F(NixopsSpecification, NoticesFilesInFoldersOfAnyName) {
  farm = root + "/a \"farm\" + (it's ${x}); «é»";
  settings.expression = farm + "/deployment.nix";
  write("deployment.nix", R"({ a = [ ./a.nix ../beside.nix "x" ]; })");
  write("a.nix", "import ./b.nix");
  write("b.nix", "{ }");
  write("../beside.nix", "{ }");
  EXPECT_FALSE(notices("unrelated.nix"));
  EXPECT_TRUE(notices("../beside.nix"));
  EXPECT_TRUE(notices("b.nix"));
  EXPECT_TRUE(notices("a.nix"));
}

TEST_F(NixopsSpecification, FollowsSymbolicLinksAsNixDoes) {
  write("../the real/shared.nix", "import ./beside.nix");
  write("../the real/beside.nix", "{ }");
  write("deployment.nix", "./shared.nix");
  fs::create_symlink("../the real/shared.nix", farm + "/shared.nix");
  EXPECT_TRUE(notices("../the real/beside.nix"));
  EXPECT_TRUE(notices("../the real/shared.nix"));
}

TEST_F(NixopsSpecification, NoticesThatALinkLeadsToTheSameTextElsewhere) {
  for (const char* version : {"1", "2"}) {
    write(std::string("../") + version + "/deployment.nix", "{ machine = { ... }: import ./a.nix; }");
    write(std::string("../") + version + "/a.nix", version);
  }
  fs::create_directory(farm);
  fs::create_symlink("../1/deployment.nix", settings.expression);
  const std::string before = hash();
  fs::remove(settings.expression);
  fs::create_symlink("../2/deployment.nix", settings.expression);
  EXPECT_NE(hash(), before);
}

TEST_F(NixopsSpecification, NoticesThatAFileTakesAFoldersPlace) {
  write("deployment.nix", "{ key = ./key; src = ./src; }");
  write("key", "k");
  fs::create_directory(farm + "/src");
  const std::string before = hash();
  fs::remove(farm + "/src");
  write("src", "s");
  const std::string with_a_file = hash();
  EXPECT_NE(with_a_file, before);
  fs::remove(farm + "/key");
  fs::create_directory(farm + "/key");
  EXPECT_NE(hash(), with_a_file);
}

TEST_F(NixopsSpecification, SaysWhereAFileDoesNotParse) {
  write("deployment.nix", "{\n  a = 1;\n  b = ;\n}");
  EXPECT_THAT(error(), StartsWith(farm + "/deployment.nix: cannot be evaluated: syntax error, unexpected ';'"));
  EXPECT_THAT(error(), EndsWith(" at " + farm + "/deployment.nix:3:7"));
  write("deployment.nix", "{ machine = { ... }: import ./a.nix; }");
  write("a.nix", "{ x = y; }");
  EXPECT_EQ(error(), "undefined variable 'y' at " + farm + "/a.nix:1:7");
}

TEST_F(NixopsSpecification, NeedsTheExpression) { EXPECT_EQ(error(), farm + "/deployment.nix: no such file"); }

TEST_F(NixopsSpecification, IsNoneWhereTheNetworkCannotBeEvaluated) {
  const std::string start = farm + "/deployment.nix: cannot be evaluated: ";
  write("deployment.nix", R"({ type, tag }: { machine = if type == "x" then { } else throw "no type ${type}"; })");
  EXPECT_THAT(error(), StartsWith(start + "no type x86_64-linux"));
  EXPECT_TRUE(specification("x"));
  write("deployment.nix", "{ type }: { }");
  EXPECT_THAT(error(), AllOf(StartsWith(start), HasSubstr("'tag'")));
  write("deployment.nix", "import ./missing.nix");
  EXPECT_THAT(error(), AllOf(StartsWith(start), HasSubstr(farm + "/missing.nix")));
}

TEST_F(NixopsSpecification, IsTheSameAgainOnceAMistakeIsMended) {
  const std::string network = "{ machine = { ... }: { }; }";
  write("deployment.nix", network);
  const std::string before = hash();
  write("deployment.nix", "{ machine = throw \"not yet\"; }");
  EXPECT_THAT(error(), HasSubstr("not yet"));
  write("deployment.nix", network);
  EXPECT_EQ(hash(), before);
}

TEST_F(NixopsSpecification, LeavesToNixopsWhatOnlyItCanEvaluate) {
  write("deployment.nix", R"({ type, tag, ... }: {
    network.nixpkgs = import <nixpkgs> { };
    resources.ec2KeyPairs.default = { resources, ... }: { region = resources.none.here; };
    machine = { config, pkgs, resources, nodes, ... }: {
      imports = [ ./a.nix <nixpkgs/nixos/modules/profiles/minimal.nix> ];
      deployment.ec2.keyPair = resources.ec2KeyPairs.default;
      environment.systemPackages = [ (pkgs.callPackage ./package.nix { }) ];
      services.x.extraConfig = builtins.readFile ./key.pub;
    };
  })");
  for (const char* name : {"a.nix", "package.nix", "key.pub"}) write(name, "{ }");
  for (const char* name : {"a.nix", "package.nix", "key.pub"}) EXPECT_TRUE(notices(name)) << name;
}

TEST_F(NixopsSpecification, NoticesWhateverNixEvaluates) {
  write("deployment.nix", R"(let here = toString ./sub; in
    { type, ... }: { machine = import (builtins.toPath "${here}/deep/${type}.nix") (import ./network); })");
  write("network", "import (builtins.toPath \"${toString ./.}/sub/deep/named\")");
  write("sub/deep/x86_64-linux.nix", "{ machine, ... }: machine");
  write("sub/deep/named", "{ machine = ../../key; }");
  write("key", "k");
  for (const char* name : {"key", "sub/deep/named", "sub/deep/x86_64-linux.nix", "network"}) {
    EXPECT_TRUE(notices(name)) << name;
  }
}

TEST_F(NixopsSpecification, NoticesAnotherNixpkgsThatTheNetworkEvaluates) {
  write("../checkout/default.nix", "import ./lib.nix");
  write("../checkout/lib.nix", "{ machine = { }; }");
  write("../checkout/pkgs/top-level/all-packages.nix", "{ }");
  write("deployment.nix", "{ inherit (import ../checkout) machine; }");
  EXPECT_FALSE(notices("../checkout/lib.nix"));
  EXPECT_TRUE(notices("../checkout/pkgs/top-level/all-packages.nix"));
}

TEST_F(NixopsSpecification, DoesNotDependOnTheEnvironmentWhereNixPathNamesAll) {
  settings.nix_path = {"nixpkgs=" + root + "/nixpkgs", "conf=" + root + "/conf"};
  write("../nixpkgs/default.nix", "{ }");
  write("../conf/x.nix", "{ }");
  write("../environment/x.nix", "{ }");
  write("deployment.nix", "{ machine = { ... }: import <conf/x.nix>; pkgs = import <nixpkgs>; }");
  const std::string before = hash();
  ::setenv("NIX_PATH", fmt::format("conf={0}/environment:{0}/environment", root).c_str(), 1);
  EXPECT_EQ(hash(), before);
}

TEST_F(NixopsSpecification, KnowsWhetherTheNetworkTakesASlot) {
  write("deployment.nix", "{ type, tag, ... }: { machine = { }; }");
  EXPECT_FALSE(takes_slot());
  write("deployment.nix", "{ machine = { }; }");
  EXPECT_FALSE(takes_slot());
  write("deployment.nix", R"({ type, tag, slot }: { machine = builtins.elemAt [ "a" ] slot; })");
  EXPECT_TRUE(takes_slot());
  EXPECT_TRUE(takes_slot()) << "it is remembered";
}

// What is remembered.

TEST_F(NixopsSpecification, AsksNixOnlyWhenSomethingHasChanged) {
  write("deployment.nix", "{ machine = { ... }: { imports = [ ./a.nix ]; key = ./folder; }; }");
  write("a.nix", "{ }");
  write("folder/key", "k");
  const std::string before = hash();
  const WithoutPrograms without_nix;
  EXPECT_EQ(hash(), before);
  EXPECT_FALSE(specification("other"));
  for (const char* name : {"a.nix", "folder/key", "folder/new", "deployment.nix"}) {
    const std::string file = farm + "/" + name;
    const std::string content = fs::exists(file) ? text_of(file) : "";
    write(name, content + " ");
    EXPECT_THAT(error(), HasSubstr("nix-instantiate")) << name;
    content.empty() ? void(fs::remove(file)) : write(name, content);
    EXPECT_EQ(hash(), before);
  }
}

TEST_F(NixopsSpecification, IsFoundAgainWhenWhatIsRememberedIsDamaged) {
  write("deployment.nix", "{ machine = { ... }: { imports = [ ./a.nix ]; }; }");
  write("a.nix", "{ }");
  const std::string before = hash();
  const std::string file = fs::directory_iterator(root + "/memory")->path().string();
  const std::string whole = text_of(file);
  std::string another = whole;
  another.replace(another.find(before), 4, "0000");
  for (const std::string& damaged : {std::string(), std::string("[]"), whole.substr(0, whole.size() / 2), another,
                                     std::string("{\"question\": 1, \"hash\": []}"), std::string(100, '\0')}) {
    std::ofstream(file) << damaged;
    EXPECT_EQ(hash(), before) << damaged;
    EXPECT_EQ(text_of(file), whole);
  }
}

TEST_F(NixopsSpecification, IsKnownWhereNothingCanBeRemembered) {
  write("deployment.nix", "{ }");
  write("../memory", "no folder");
  EXPECT_EQ(hash(), hash());
}

TEST_F(NixopsSpecification, FollowsManyFiles) {
  std::string all = "[";
  for (int i = 0; i < 150; ++i) {
    all += " ./many/" + std::to_string(i) + ".nix";
    write("many/" + std::to_string(i) + ".nix", "./" + std::to_string(i) + ".txt");
  }
  write("deployment.nix", all + " ]");
  EXPECT_TRUE(notices("many/149.txt"));
}

// Other versions of Nix print a little differently from the one here.

TEST(NixNames, AreFoundInWhatNixPrints) {
  const nixops::NixNames names =
      nixops::names_in(R"({ a = (import /etc/a.nix); b = ((__findFile __nixPath "x/y.nix")).c; d = [ (/d) ]; })", {});
  EXPECT_THAT(names.paths, ElementsAre(nixops::NamedPath{"/etc/a.nix"}, nixops::NamedPath{"/d"}));
  EXPECT_THAT(names.searched, ElementsAre("x/y.nix"));
}

TEST(NixNames, TellLiteralFromComputedParts) {
  const auto paths =
      nixops::names_in(R"((/a + "/b\n" + "c") (/d/ + x + ".nix") (/e + "/" + x) ("f" + /g) (/h + ("/i" + x)))", {})
          .paths;
  EXPECT_THAT(paths, ElementsAre(nixops::NamedPath{"/a", "/b\nc"}, nixops::NamedPath{"/d/", "", true},
                                 nixops::NamedPath{"/e", "/", true}, nixops::NamedPath{"/g"},
                                 nixops::NamedPath{"/h", "/i", true}));
}

TEST(NixNames, AreNotInStrings) {
  EXPECT_THAT(nixops::names_in(R"("/a" "\"/b" "\\" "$ \${/c" (x // y) (a)."d/e")", {}).paths, ElementsAre());
  EXPECT_THAT(nixops::names_in(R"((x)."${/a}"."${({ "b" = /c; })}")", {}).paths,
              ElementsAre(nixops::NamedPath{"/a"}, nixops::NamedPath{"/c"}));
}

TEST(NixNames, MayBeInAFolderOfAnyName) {
  const auto paths = nixops::names_in(R"([ (/x "y/z/a.nix) (/x "y) "/b" ])", {R"(/x "y/z)"}).paths;
  EXPECT_THAT(paths, ElementsAre(nixops::NamedPath{R"(/x "y/z/a.nix)"}, nixops::NamedPath{R"(/x "y)"}));
}

}  // namespace
}  // namespace hydra_provisioner::providers
