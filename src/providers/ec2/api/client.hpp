// EC2's API, and that of its queues: sends signed requests, and returns XML or an error.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/http.hpp"
#include "model/error.hpp"
#include "providers/ec2/api/credentials.hpp"
#include "providers/ec2/api/place.hpp"
#include "providers/ec2_codes.hpp"

namespace hydra_provisioner::providers::ec2 {

struct Ec2Error {
  std::string code;  // empty: EC2 did not answer, or something else answered in its place
  Ec2Code meaning = Ec2Code::unknown;
  Error error;  // says what, where, and what to do

  // Whether EC2 may have carried out the request in spite of the error.
  bool is_unclear() const { return code.empty() || meaning == Ec2Code::passing || meaning == Ec2Code::throttling; }
};
template <class T>
using Ec2Expected = std::expected<T, Ec2Error>;

enum class Service : std::uint8_t { ec2, sqs };

class Ec2Client {
 public:
  explicit Ec2Client(io::Clock& clock) : clock_(clock), credentials_(http_, clock) {}

  // Returns the XML of the answer. The request must be safe to repeat: it is sent again, for a minute at most, when it
  // was throttled, when it got lost, and when the credentials have just expired.
  io::Task<Ec2Expected<std::string>> call(Place place, std::string body, Service service = Service::ec2);

 private:
  io::Task<Ec2Expected<std::string>> call_once(Place place, std::string body, Service service);

  io::Clock& clock_;
  io::Http http_;
  CredentialSource credentials_;
};

}  // namespace hydra_provisioner::providers::ec2
