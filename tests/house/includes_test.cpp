// The house rules hold in every file of the project.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/house/rules.hpp"

namespace hydra_provisioner::house {
namespace {

namespace fs = std::filesystem;

const fs::path project = SOURCE_FOLDER;

SourceFile read(const fs::path& path) {
  std::ifstream in(path);
  return {.path = path.lexically_relative(project).generic_string(),
          .text = {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}};
}

std::vector<SourceFile> sources_in(std::initializer_list<const char*> folders) {
  std::vector<SourceFile> files;
  for (const char* folder : folders) {
    if (!fs::exists(project / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(project / folder)) {
      const auto extension = entry.path().extension();
      if (extension == ".cpp" || extension == ".hpp") files.push_back(read(entry.path()));
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

template <class Rule>
std::string faults_in(std::initializer_list<const char*> folders, Rule rule) {
  std::string all;
  for (const SourceFile& file : sources_in(folders)) {
    for (const std::string& fault : rule(file)) all += fault + "\n";
  }
  return all;
}

TEST(EveryFile, IsFound) { EXPECT_GT(sources_in({"src"}).size(), 20u) << "nothing under " << project / "src"; }

// Of the table in CONTRIBUTING.md, which says between the two what the layer does.
std::string row_of(const std::string& layer, const std::set<std::string>& may_include) {
  std::string others;
  for (const std::string& other : may_include) others += (others.empty() ? "" : ", ") + other;
  return "| `src/" + layer + "/` | " + (others.empty() ? "nothing" : others) + " |";
}

Layers layers_of_src() { return read_layers(read(project / "src/layers.txt").text); }

TEST(EveryFile, IncludesOnlyWhatItsLayerMayInclude) {
  const auto rule = [known = layers_of_src()](const SourceFile& file) { return wrong_project_includes(file, known); };
  EXPECT_EQ(faults_in({"src"}, rule), "");
}

TEST(EveryFile, OfModelAndDecideUsesOnlyTheStandardLibraryAndFmt) {
  EXPECT_EQ(faults_in({"src"}, wrong_library_includes), "");
}

TEST(EveryFile, IncludesWhatItUsesOfFmt) {
  EXPECT_EQ(faults_in({"src", "tests", "bench"}, missing_library_includes), "");
}

TEST(EveryFile, RunsNoShellAndDecidesWithoutAClock) { EXPECT_EQ(faults_in({"src"}, banned_calls), ""); }

TEST(EveryFile, HasLinesOfAtMost120Characters) { EXPECT_EQ(faults_in({"src", "tests", "bench"}, long_lines), ""); }

TEST(EveryHeader, HasPragmaOnce) { EXPECT_EQ(faults_in({"src", "tests", "bench"}, missing_pragma_once), ""); }

TEST(EveryHeader, IncludesNoHeavyHeader) { EXPECT_EQ(faults_in({"src"}, heavy_includes), ""); }

TEST(EveryHeader, IsIncludedSomewhere) {
  std::string all;
  for (const std::string& fault : unused_headers(sources_in({"src", "tests", "bench"}))) all += fault + "\n";
  EXPECT_EQ(all, "");
}

TEST(EveryFolder, IsALayer) {
  for (const auto& entry : fs::directory_iterator(project / "src")) {
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(layers_of_src().contains(entry.path().filename().string()))
        << entry.path() << ": say in src/layers.txt what it may include";
  }
}

// A layer includes only layers above it in the list, so that there is no cycle.
TEST(EveryLayer, IncludesLayersThatAreListedBefore) {
  std::set<std::string> before;
  std::istringstream lines(read(project / "src/layers.txt").text);
  for (std::string line; std::getline(lines, line);) {
    for (const auto& [layer, may_include] : read_layers(line)) {
      EXPECT_TRUE(std::ranges::includes(before, may_include)) << line;
      before.insert(layer);
    }
  }
}

TEST(EveryLayer, StandsInContributing) {
  const std::string text = read(project / "CONTRIBUTING.md").text;
  for (const auto& [layer, may_include] : layers_of_src()) {
    EXPECT_NE(text.find(row_of(layer, may_include)), std::string::npos)
        << "CONTRIBUTING.md lacks the row " << row_of(layer, may_include);
  }
}

}  // namespace
}  // namespace hydra_provisioner::house
