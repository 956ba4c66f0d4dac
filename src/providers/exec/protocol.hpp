// The requests to a program that provides machines, and the answers that it may give. docs/exec-provider.md describes
// them for authors of such programs, docs/exec-provider.schema.json for machines.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/text/json.hpp"
#include "model/enum_names.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "providers/joining.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::exec {

enum class ExecAction : std::uint8_t { describe, list, create, start, stop, destroy, check };

}  // namespace hydra_provisioner::providers::exec

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::providers::exec::ExecAction> =
    hydra_provisioner::enum_names("describe", "list", "create", "start", "stop", "destroy", "check");

namespace hydra_provisioner::providers::exec {

struct ExecRequest {
  ExecAction action = ExecAction::describe;
  Tag tag;
  std::string settings = "{}";  // JSON, as the configuration has them
  MachineId machine{};          // of requests about one machine, as the following
  PoolName type{};
  Owner owner{};                     // of the machine; empty: none is noted for it
  std::string specification{};       // of create: what the machine is made from; the program keeps it
  std::optional<Joining> joining{};  // of create and start: how it connects to the queue runner; none: it does not

  // The same for each repetition of an operation on a machine.
  std::string id() const;
};

std::string to_json(const ExecRequest& request);

struct ExecFailure {
  Error error;
  std::optional<Seconds> retry_after{};  // the program asks to be called again then; no value: a repetition is useless
};

// Returns an answer that belongs to this request and is no failure. One of the functions below reads its content.
std::expected<io::Json, ExecFailure> read_answer(const ExecRequest& request, std::string_view output);

struct ExecAbilities {
  bool stop = false;  // also start
  bool check = false;
};

// Error messages say what was found, what is expected, and where.
Expected<ExecAbilities> read_abilities(const io::Json& answer);
// Also those of other tags, if any are listed. A machine that is described badly does not make the others unknown.
Expected<Inventory> read_machines(const io::Json& answer);
// The machine must be the requested one, and run.
Expected<Instance> read_machine(const io::Json& answer, const ExecRequest& request);
Expected<Condition> read_condition(const io::Json& answer);
Expected<void> read_empty_answer(const io::Json& answer);

}  // namespace hydra_provisioner::providers::exec
