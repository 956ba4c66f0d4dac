// EC2, asked and understood: signed requests, answered with XML or a complaint.
#pragma once

#include <string>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/http.hpp"
#include "model/error.hpp"
#include "providers/ec2/credentials.hpp"
#include "providers/ec2/places.hpp"
#include "providers/ec2_codes.hpp"

namespace hydra_provisioner::providers::ec2 {

struct Ec2Error {
  std::string code;  // empty: it came from no EC2
  Ec2Code meaning = Ec2Code::unknown;
  Error error;  // says what, where, and what to do

  // Whether EC2 may have done what it was asked for all the same.
  bool is_unclear() const { return code.empty() || meaning == Ec2Code::passing || meaning == Ec2Code::throttling; }
};
template <class T>
using Ec2Expected = std::expected<T, Ec2Error>;

class Ec2Api {
 public:
  explicit Ec2Api(io::Clock& clock) : clock_(clock), credentials_(http_, clock) {}

  // The XML that it answers with. The request must be one that may be repeated: so it is, for a minute at most, when it
  // was throttled, got lost, or the credentials have just expired.
  io::Task<Ec2Expected<std::string>> call(Place place, std::string body);

 private:
  io::Task<Ec2Expected<std::string>> call_once(Place place, std::string body);

  io::Clock& clock_;
  io::Http http_;
  CredentialSource credentials_;
};

}  // namespace hydra_provisioner::providers::ec2
