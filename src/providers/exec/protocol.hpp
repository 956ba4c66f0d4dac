// What we say to a program that provides machines, and what it may answer. docs/exec-provider.md describes it for those
// who write one, docs/exec-provider.schema.json for machines.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/text/json.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::exec {

enum class ExecAction : std::uint8_t { describe, list, create, start, stop, destroy, check };
std::string_view to_string(ExecAction action);

struct ExecRequest {
  ExecAction action = ExecAction::describe;
  Tag tag;
  std::string settings = "{}";  // JSON, as the configuration has them
  MachineId machine{};          // of what is about one machine, as the following
  PoolName type{};
  std::string specification{};  // of create: what the machine is made from, to be kept with it

  // The same for the same operation on the same machine, however often it is asked for.
  std::string id() const;
};

std::string to_json(const ExecRequest& request);

// What a program cannot do or does not want to now.
struct ExecFailure {
  Error error;
  std::optional<Seconds> retry_after{};  // it asks to be called again then; none: that would be of no use
};

// The answer, which is one to this request and no failure. It is still to be read by one of those below.
std::expected<io::Json, ExecFailure> read_answer(const ExecRequest& request, std::string_view output);

struct ExecAbilities {
  bool stop = false;  // and start
  bool check = false;
};

// Messages say what was found and what is expected, and where.
Expected<ExecAbilities> read_abilities(const io::Json& answer);
Expected<std::vector<Instance>> read_machines(const io::Json& answer);  // also of other tags, if it lists them
Expected<Instance> read_machine(const io::Json& answer, const ExecRequest& request);  // the one asked for, and it runs
Expected<Condition> read_condition(const io::Json& answer);
Expected<void> read_nothing(const io::Json& answer);

}  // namespace hydra_provisioner::providers::exec
