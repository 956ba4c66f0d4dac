#include "model/names.hpp"

#include <charconv>

namespace hydra_provisioner {

std::int64_t number_of(const MachineId& machine) {
  const std::string_view digits = std::string_view(machine.text).substr(machine.text.rfind('-') + 1);
  if (digits.starts_with('0') && digits != "0") return -1;
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
  return is_number && number < machine_numbers_end ? number : -1;
}

bool is_of(const Tag& tag, const MachineId& machine) {
  return number_of(machine) >= 0 && machine.text.substr(0, machine.text.rfind('-')) == tag.text;
}

}  // namespace hydra_provisioner
