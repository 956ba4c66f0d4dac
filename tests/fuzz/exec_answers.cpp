// What a program of an exec pool answers.
#include <nlohmann/json.hpp>

#include "providers/exec/protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  using namespace providers::exec;
  const ExecRequest listing{.action = ExecAction::list, .tag = Tag("t")};
  if (const auto answer = read_answer(listing, bytes)) {
    (void)read_machines(*answer);
    (void)read_abilities(*answer);
    (void)read_condition(*answer);
    (void)read_empty_answer(*answer);
  }
  const ExecRequest creation{
      .action = ExecAction::create, .tag = Tag("t"), .machine = MachineId("t-3"), .type = PoolName("x86_64-linux")};
  if (const auto answer = read_answer(creation, bytes)) {
    if (const auto machine = read_machine(*answer, creation))
      expect(machine->machine == creation.machine && machine->state == InstanceState::running,
             "the machine is the one that was asked for, and runs");
  }
}

}  // namespace hydra_provisioner::fuzz
