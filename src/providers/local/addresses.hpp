// The addresses at which machines listen: port 22 of 127.83.x.y, x and y from 1 to 254. All of 127.0.0.0/8 belongs to
// this host.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "model/names.hpp"

namespace hydra_provisioner::providers::local {

// 0 if a program could listen on port 22 of this address now, otherwise the errno that says why not.
int error_of_listening(const std::string& address);

// The address that the machine had before, if that is free. Otherwise the first free one in an order whose start
// depends on the machine's id: the queue runner remembers failures by address, so a machine should not get the address
// of an earlier one.
std::optional<std::string> free_address(const MachineId& machine, const std::string& had_before,
                                        const std::set<std::string>& taken);

}  // namespace hydra_provisioner::providers::local
