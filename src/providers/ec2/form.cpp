#include "providers/ec2/form.hpp"

#include <fmt/format.h>

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr std::string_view action_is = "Action=";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (is_unreserved(c)) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

}  // namespace

Form::Form(std::string_view action) {
  add("Action", std::string(action));
  add("Version", "2016-11-15");
}

Form& Form::add(std::string name, std::string value) {
  parameters_.emplace_back(std::move(name), std::move(value));
  return *this;
}

std::string Form::body() const {
  std::string body;
  for (const auto& [name, value] : parameters_) {
    if (!body.empty()) body += '&';
    body += name + '=' + escaped(value);
  }
  return body;
}

std::string_view action_of(std::string_view body) {
  if (!body.starts_with(action_is)) return {};
  return body.substr(action_is.size(), body.find('&') - action_is.size());
}

}  // namespace hydra_provisioner::providers::ec2
