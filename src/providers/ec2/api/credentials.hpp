// The credentials for AWS. Secrets are kept here and in requests only: no message contains one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/http.hpp"
#include "model/error.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::ec2 {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: none is needed
  std::optional<Instant> expires_at;
};

// Looks in AWS' usual order: environment, profile in ~/.aws (with session token or credential_process), container,
// instance metadata. Credentials are kept until five minutes before they expire.
class CredentialSource {
 public:
  CredentialSource(io::Http& http, io::Clock& clock) : http_(http), clock_(clock) {}

  io::Task<Expected<Credentials>> get();
  void forget() { known_.reset(); }  // AWS did not accept them

 private:
  io::Http& http_;
  io::Clock& clock_;
  std::optional<Credentials> known_;
};

// The settings of one section. In ~/.aws/config sections are called `[profile NAME]`.
using Profile = std::map<std::string, std::string>;
std::optional<Profile> find_profile(std::string_view file, std::string_view section);

// A process, a container and an instance write the same JSON, except for the name of the session token.
Expected<Credentials> read_credentials(std::string_view text);

// The words of a command, which may be in single or double quotes.
std::vector<std::string> split_command(std::string_view line);

}  // namespace hydra_provisioner::providers::ec2
