// The house rules hold in every file of the project.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
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

TEST(EveryFile, IncludesOnlyWhatItsFolderMayInclude) { EXPECT_EQ(faults_in({"src"}, wrong_project_includes), ""); }

TEST(EveryFile, OfModelAndDecideUsesOnlyTheStandardLibraryAndFmt) {
  EXPECT_EQ(faults_in({"src"}, wrong_library_includes), "");
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

TEST(EveryFolder, HasARule) {
  for (const auto& entry : fs::directory_iterator(project / "src")) {
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(is_known_folder(entry.path().filename().string()))
        << entry.path() << ": say in tests/house/rules.cpp what it may include";
  }
}

}  // namespace
}  // namespace hydra_provisioner::house
