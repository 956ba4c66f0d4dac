// Where machines listen: port 22 of 127.83.x.y, x and y from 1 to 254. All of 127.0.0.0/8 is this host's.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "model/names.hpp"

namespace hydra_provisioner::providers::local {

// 0 when one could listen on port 22 of this address now, else the errno that says why not.
int error_of_listening(const std::string& address);

// The address the machine had before where that is free. Otherwise the first free one in an order that starts at a
// place given by its id: the queue runner remembers failures by address, so that one machine should not get what
// another one had.
std::optional<std::string> free_address(const MachineId& machine, const std::string& had_before,
                                        const std::set<std::string>& taken);

}  // namespace hydra_provisioner::providers::local
