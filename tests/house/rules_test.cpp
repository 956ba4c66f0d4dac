// The rules find what is wrong, and nothing else.
#include "tests/house/rules.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner::house {
namespace {

const Layers layers = read_layers(
    "# comment: this is none\nmodel:\nio: model\ndecide: model\npublish: model io\nproviders: model io\nact: model io "
    "providers\napp: model io decide publish providers act\n");

Faults wrong_includes(const SourceFile& file) { return wrong_project_includes(file, layers); }

TEST(Layers, AreReadWithWhatTheyMayInclude) {
  EXPECT_EQ(layers.size(), 7u);
  EXPECT_TRUE(layers.at("model").empty());
  EXPECT_EQ(layers.at("act"), (std::set<std::string>{"io", "model", "providers"}));
}

TEST(ProjectIncludes, OfAFolderThatMayNotBeIncludedAreFaults) {
  EXPECT_EQ(wrong_includes({"src/decide/plan.cpp", "#pragma once\n#include \"io/files.hpp\"\n"}),
            Faults{"src/decide/plan.cpp:2: decide must not include \"io/files.hpp\""});
  EXPECT_EQ(wrong_includes({"src/model/plan.hpp", "#include \"decide/plan.hpp\""}).size(), 1u);
  EXPECT_EQ(wrong_includes({"src/publish/a.cpp", "#include \"providers/provider.hpp\""}).size(), 1u);
  EXPECT_EQ(wrong_includes({"src/providers/local/a.cpp", "#include \"act/jobs.hpp\""}).size(), 1u);
  EXPECT_EQ(wrong_includes({"src/act/a.cpp", "#include \"app/cli.hpp\""}).size(), 1u);
  EXPECT_EQ(wrong_includes({"src/act/a.cpp", "#include \"tests/decide/farm.hpp\""}).size(), 1u);
}

TEST(ProjectIncludes, AreFoundHoweverTheyAreWritten) {
  EXPECT_EQ(wrong_includes({"src/decide/a.cpp", "  #  include\t\"io/files.hpp\" // why"}).size(), 1u);
  EXPECT_EQ(wrong_includes({"src/decide/a.cpp", "#include\"io/files.hpp\""}).size(), 1u);
}

TEST(ProjectIncludes, OfAllowedFoldersAreNone) {
  const std::string text = "#include \"decide/demand.hpp\"\n#include \"model/plan.hpp\"\n#include <fmt/format.h>\n";
  EXPECT_EQ(wrong_includes({"src/decide/plan.cpp", text}), Faults{});
  EXPECT_EQ(wrong_includes({"src/app/main.cpp", text}), Faults{});
}

TEST(ProjectIncludes, OfAProvidersOwnFolderAreFaultsOutsideOfItAndOfApp) {
  const std::string text = "#include \"providers/local/local_provider.hpp\"\n";
  EXPECT_EQ(wrong_includes({"src/providers/nixops/a.cpp", text}).size(), 1u);
  EXPECT_EQ(wrong_includes({"src/providers/registry.cpp", text}).size(), 1u);
  EXPECT_EQ(wrong_includes({"src/act/a.cpp", text}).size(), 1u);
  EXPECT_EQ(wrong_includes({"src/providers/local/a.cpp", text}), Faults{});
  EXPECT_EQ(wrong_includes({"src/app/world.cpp", text}), Faults{});
  EXPECT_EQ(wrong_includes({"src/act/a.cpp", "#include \"providers/provider.hpp\""}), Faults{});
}

TEST(LibraryIncludes, OtherThanTheStandardLibraryAndFmtAreFaultsInModelAndDecide) {
  for (const char* header : {"nlohmann/json.hpp", "boost/asio.hpp", "unistd.h", "sys/types.h", "spdlog/spdlog.h"}) {
    const std::string text = std::string("#include <") + header + ">";
    EXPECT_EQ(wrong_library_includes({"src/decide/a.cpp", text}).size(), 1u) << header;
    EXPECT_EQ(wrong_library_includes({"src/model/a.hpp", text}).size(), 1u) << header;
    EXPECT_EQ(wrong_library_includes({"src/io/a.cpp", text}), Faults{}) << header;
  }
  EXPECT_EQ(wrong_library_includes({"src/decide/a.cpp", "#include <cstdint>\n#include <fmt/ranges.h>"}), Faults{});
}

TEST(LibraryIncludes, OfWhatIsUsedAreNeededInTheSameFile) {
  const std::string use = std::string("text += fmt::") + "join(names, \", \");\n";  // not a use in this file
  EXPECT_EQ(missing_library_includes({"src/io/a.cpp", "#include <fmt/format.h>\n" + use}),
            Faults{"src/io/a.cpp:2: fmt::join needs <fmt/ranges.h>"});
  EXPECT_EQ(missing_library_includes({"src/io/a.cpp", "#include <fmt/ranges.h>\n" + use}), Faults{});
  EXPECT_EQ(missing_library_includes({"src/io/a.cpp", "std::string fmt_join(names); my::join(names);"}), Faults{});
}

TEST(HeavyHeaders, AreFaultsInHeaders) {
  for (const char* header : {"nlohmann/json.hpp", "CLI/CLI.hpp", "SQLiteCpp/Database.h", "boost/beast/http.hpp"}) {
    const std::string text = std::string("#include <") + header + ">";
    EXPECT_EQ(heavy_includes({"src/io/a.hpp", text}).size(), 1u) << header;
    EXPECT_EQ(heavy_includes({"src/io/a.cpp", text}), Faults{}) << header;
  }
  EXPECT_EQ(heavy_includes({"src/io/a.hpp", "#include <nlohmann/json_fwd.hpp>"}), Faults{});
}

TEST(BannedCalls, AreShellsEverywhere) {
  EXPECT_EQ(banned_calls({"src/app/a.cpp", "\n  std::system(\"ls\");"}),
            Faults{"src/app/a.cpp:2: runs a command as one shell string"});
  EXPECT_EQ(banned_calls({"src/app/a.cpp", "auto f = popen (c, \"r\");"}).size(), 1u);
  EXPECT_EQ(banned_calls({"src/app/a.cpp", "file_system(x); is_system(x); step.system == x"}), Faults{});
}

TEST(BannedCalls, AreClocksInModelAndDecide) {
  const std::string text = "const auto t = std::chrono::system_clock::now();";
  EXPECT_EQ(banned_calls({"src/decide/a.cpp", text}), Faults{"src/decide/a.cpp:1: asks a clock"});
  EXPECT_EQ(banned_calls({"src/model/a.hpp", text}).size(), 1u);
  EXPECT_EQ(banned_calls({"src/io/a.cpp", text}), Faults{});
  EXPECT_EQ(banned_calls({"src/decide/a.cpp", "seen.now - known(x)"}), Faults{});
}

TEST(LineLength, IsCountedInCharactersNotBytes) {
  EXPECT_EQ(long_lines({"src/a/a.cpp", std::string(120, 'x') + "\n"}), Faults{});
  EXPECT_EQ(long_lines({"src/a/a.cpp", "\n" + std::string(121, 'x')}),
            Faults{"src/a/a.cpp:2: 121 characters, at most 120 are allowed"});
  std::string arrows;
  for (int i = 0; i < 120; ++i) arrows += "→";
  EXPECT_EQ(long_lines({"src/a/a.cpp", arrows}), Faults{});
  EXPECT_EQ(long_lines({"src/a/a.cpp", arrows + "→"}).size(), 1u);
}

TEST(PragmaOnce, IsInEveryHeader) {
  EXPECT_EQ(missing_pragma_once({"src/a/a.hpp", "// what\n#pragma once\n"}), Faults{});
  EXPECT_EQ(missing_pragma_once({"src/a/a.hpp", "// #pragma once\n"}), Faults{"src/a/a.hpp: has no #pragma once"});
  EXPECT_EQ(missing_pragma_once({"src/a/a.cpp", ""}), Faults{});
}

TEST(Headers, ThatAreNeverIncludedAreFaults) {
  const SourceFile header{"src/io/files.hpp", "#pragma once\n"};
  EXPECT_EQ(unused_headers({header, {"src/io/files.cpp", "#include <vector>"}}),
            Faults{"src/io/files.hpp: is included nowhere"});
  EXPECT_EQ(unused_headers({header, {"tests/io/files_test.cpp", "#include \"io/files.hpp\""}}), Faults{});
}

}  // namespace
}  // namespace hydra_provisioner::house
