// A folder for one test, removed with its content when the test ends.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace hydra_provisioner::support {

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / "hydra-provisioner-XXXXXX").string();

  TemporaryFolder() {
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp " + path);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

}  // namespace hydra_provisioner::support
