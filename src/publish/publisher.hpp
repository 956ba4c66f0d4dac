// Hands the machines file to the queue runner, through `machinesFile` or `updateCommand`.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/delivery.hpp"
#include "model/error.hpp"
#include "model/machine.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::publish {

class Publisher {
 public:
  virtual ~Publisher() = default;

  // Identifies the publisher in later passes: a delivery to another destination does not count.
  virtual std::string destination() const = 0;

  // The machines that the queue runner uses at present, by their names in the machines file, which another program may
  // have written. None: that cannot be told.
  virtual std::optional<std::set<std::string>> listed() const { return std::nullopt; }

  // Where machines connect to the queue runner by themselves: whether this one has.
  virtual io::Task<Expected<void>> expect_joined(Machine) { co_return Expected<void>{}; }
  // The last look before one is stopped or destroyed: it still has no steps, and can get none.
  virtual io::Task<Expected<void>> expect_out(Machine) { co_return Expected<void>{}; }
  // Tells it to leave the queue runner before it is stopped or destroyed.
  virtual io::Task<void> make_leave(Machine) { co_return; }

  // After success the queue runner has, or will read, exactly this content. Does nothing if the file has this content
  // already, or if this content was delivered less than 10 minutes ago. Returns whether it was written or delivered.
  // ErrorKind::untouched: the queue runner still has the previous content.
  virtual io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) = 0;
};

// For a queue runner that reads no machines file.
class NoPublisher final : public Publisher {
 public:
  std::string destination() const override { return "the queue runner"; }
  io::Task<Expected<bool>> publish(std::string, std::optional<LastDelivery>, Instant) override { co_return false; }
};

// Writes config.machines_file. Refuses to overwrite a file with another tag.
class FilePublisher final : public Publisher {
 public:
  explicit FilePublisher(const Config& config);
  std::string destination() const override { return path_; }
  std::optional<std::set<std::string>> listed() const override;
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 private:
  std::string path_;
};

// First writes `file` for the queue runner's ssh_config: Host blocks for the names that have a port in the machines
// file. Then calls `publisher`.
class SshConfigPublisher final : public Publisher {
 public:
  SshConfigPublisher(std::string file, std::unique_ptr<Publisher> publisher)
      : file_(std::move(file)), publisher_(std::move(publisher)) {}
  std::string destination() const override { return publisher_->destination() + " with " + file_; }
  std::optional<std::set<std::string>> listed() const override { return publisher_->listed(); }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 private:
  std::string file_;
  std::unique_ptr<Publisher> publisher_;
};

// For a daemon: does as `publisher` does, but waits for it only for a moment. ErrorKind::timed_out: it is still at
// work, and a later call with the same content gets its result.
class PatientPublisher final : public Publisher {
 public:
  PatientPublisher(std::unique_ptr<Publisher> publisher, io::Clock& clock)
      : publisher_(std::move(publisher)), clock_(clock), call_(clock) {}
  std::string destination() const override { return publisher_->destination(); }
  std::optional<std::set<std::string>> listed() const override { return publisher_->listed(); }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 private:
  std::shared_ptr<Publisher> publisher_;  // shared with a call that outlives this
  io::Clock& clock_;
  io::PendingCall<bool> call_;
  std::string content_;  // of the call that was started last
};

// Whether the last delivery had the same content and need not be repeated yet. One in the future is from before the
// clock was set back, and does not count.
bool is_still_good(const LastDelivery& last, std::string_view destination, std::string_view content, Instant now);

// Gives the content to config.update_command as its stdin.
class CommandPublisher final : public Publisher {
 public:
  explicit CommandPublisher(const Config& config);
  std::string destination() const override;
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 private:
  std::vector<std::string> command_;
};

}  // namespace hydra_provisioner::publish
