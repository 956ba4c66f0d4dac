// Tells notifyCommand what has changed. docs/notifications.md describes its input for users.
#pragma once

#include <string>

#include "act/voice.hpp"
#include "app/notify/told.hpp"
#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/task.hpp"
#include "io/text/json.hpp"
#include "model/config.hpp"
#include "pass/pass.hpp"

namespace hydra_provisioner::app {

// The document on the command's standard input.
io::Json notice_document(const Notice& notice, const Tag& tag, const std::string& host, Instant now);

// What was told is kept in the state directory, for later processes.
class Notifier {
 public:
  Notifier(const std::string& state_dir, const Tag& tag, io::Clock& clock);

  // Begins to tell what is due; it goes on beside later passes. One at a time. `trouble` is what is wrong besides.
  io::Task<void> follow(const pass::PassEnd& end, const Config& config, const std::string& trouble, act::Voice& voice);

  // Waits for what follow() has begun, at most for as long as the command may take.
  io::Task<void> finish(act::Voice& voice);

 private:
  void note_outcome(const Expected<void>& outcome, act::Voice& voice);
  void keep(act::Voice& voice);

  std::string file_;
  io::Clock& clock_;
  Told told_;
  std::string kept_;  // in the file, if this process wrote it
  io::PendingCall<void> call_;
};

}  // namespace hydra_provisioner::app
