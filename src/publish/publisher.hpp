// Hands the machines file to the queue runner: into `machinesFile`, or to `updateCommand`.
#pragma once

#include <optional>
#include <string>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/delivery.hpp"
#include "model/error.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::publish {

class Publisher {
 public:
  virtual ~Publisher() = default;

  // Tells one publisher from another, from pass to pass: what was delivered elsewhere was not delivered here.
  virtual std::string destination() const = 0;

  // After success the queue runner has, or will read, exactly this content. Does nothing where that is so already: an
  // equal file, or a delivery of the same content that succeeded less than 10 minutes ago. Returns whether something
  // was written or delivered. ErrorKind::untouched: the queue runner still has what it had before.
  virtual io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) = 0;
};

// Into config.machinesFile: refuses a file that names another tag.
class FilePublisher final : public Publisher {
 public:
  explicit FilePublisher(const Config& config);
  std::string destination() const override { return path_; }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 private:
  std::string path_;
};

// Whether a delivery of the same content need not be repeated yet. One in the future is one of before the clock was set
// back.
bool is_still_good(const LastDelivery& last, std::string_view destination, std::string_view content, Instant now);

// To config.update_command's stdin.
class CommandPublisher final : public Publisher {
 public:
  explicit CommandPublisher(const Config& config);
  std::string destination() const override;
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 private:
  std::vector<std::string> command_;
};

}  // namespace hydra_provisioner::publish
