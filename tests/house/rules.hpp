// The house rules, as functions of a file's text. Each returns what is wrong, one line each: "src/decide/plan.cpp:12:
// …".
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace hydra_provisioner::house {

struct SourceFile {
  std::string path;  // from the project's folder: src/decide/plan.cpp
  std::string text;
};

using Faults = std::vector<std::string>;

// Which other layers each layer of src/ may include, as src/layers.txt says.
using Layers = std::map<std::string, std::set<std::string>>;
Layers read_layers(const std::string& text);

Faults wrong_project_includes(const SourceFile& file, const Layers& layers);  // a layer that this one may not include
Faults wrong_library_includes(const SourceFile& file);    // model and decide: the standard library and fmt alone
Faults missing_library_includes(const SourceFile& file);  // what older versions of a library included by themselves
Faults heavy_includes(const SourceFile& file);            // headers that are included in .cpp files only
Faults banned_calls(const SourceFile& file);              // system( and popen( anywhere; now() in model and decide
Faults long_lines(const SourceFile& file);                // more than 120 characters, however many bytes
Faults missing_pragma_once(const SourceFile& file);

// Headers under src/ that none of the files includes.
Faults unused_headers(const std::vector<SourceFile>& files);

}  // namespace hydra_provisioner::house
