// Who we are for AWS. Secrets are in here and in requests, and nowhere else: no message has one.
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
// instance metadata. What is found is kept until five minutes before it expires.
class CredentialSource {
 public:
  CredentialSource(io::Http& http, io::Clock& clock) : http_(http), clock_(clock) {}

  io::Task<Expected<Credentials>> get();
  void forget() { known_.reset(); }  // they were not accepted

 private:
  io::Http& http_;
  io::Clock& clock_;
  std::optional<Credentials> known_;
};

// A section's settings. In ~/.aws/config sections are called `[profile NAME]`.
using Profile = std::map<std::string, std::string>;
std::optional<Profile> find_profile(std::string_view file, std::string_view section);

// Of credential_process, a container's or an instance's: the same but for the name of the session token.
Expected<Credentials> read_credentials(std::string_view json);

// Words of a command, which may stand in single or double quotes.
std::vector<std::string> split_command(std::string_view line);

}  // namespace hydra_provisioner::providers::ec2
