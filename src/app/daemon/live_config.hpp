// The configuration of a daemon, which changes while it runs.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "act/voice.hpp"
#include "config/load.hpp"
#include "io/async/task.hpp"
#include "io/file/folder_watch.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::app {

class LiveConfig {
 public:
  // `file` as it was given on the command line; `config` was just loaded from it. With `errors`, which were reported,
  // the file is wrong, and `config` is an earlier one.
  LiveConfig(std::string file, Config config, config::ConfigOptions options, config::ConfigErrors errors);

  const Config& get() const { return config_; }
  bool is_right() const { return errors_.empty(); }  // what is in the file now

  // Evaluates the configuration again if one of its files has changed, or if `asked`. Returns whether a new one is in
  // force. A wrong one, or one with another tag, is reported, and the old one stays in force.
  io::Task<bool> refresh(bool asked, act::Voice& voice);

  // Where changes may be of its files, and whether one of them calls for refresh().
  std::set<std::string> folders() const;
  bool may_have_changed(const io::FolderChange& change) const;

 private:
  std::string fingerprint() const;
  std::set<std::string> paths() const;

  std::string file_;
  Config config_;
  config::ConfigOptions options_;
  std::string fingerprint_;
  config::ConfigErrors errors_;  // of the latest configuration, which is not in force
};

}  // namespace hydra_provisioner::app
