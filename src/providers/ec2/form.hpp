// A request of EC2's Query API: parameters in the body of a POST, as application/x-www-form-urlencoded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydra_provisioner::providers::ec2 {

class Form {
 public:
  explicit Form(std::string_view action);

  Form& add(std::string name, std::string value);

  // Names are unreserved characters only.
  std::string body() const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

// `RunInstances`, of a body that a Form made.
std::string_view action_of(std::string_view body);

}  // namespace hydra_provisioner::providers::ec2
