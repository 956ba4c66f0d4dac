// NixOps' own records, as `nixops export` prints them: `{UUID: {name, args, resources: {NAME: {type, …}}, …}}`. All
// values are strings; lists and sets are JSON inside of a string.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::providers::nixops {

struct Resource {
  std::string type;
  // Without private keys, which are not used. An attribute that has its default value is absent.
  std::map<std::string, std::string, std::less<>> attributes;

  std::string attribute(std::string_view name) const;  // empty when it is absent
};

struct Deployment {
  std::string uuid;
  std::string name;                      // empty for none; several deployments can have the same
  std::vector<std::string> expressions;  // NixOps 1.x; 2.x does not store them
  std::vector<std::string> nix_path;
  std::map<std::string, std::string> arguments;  // that are plain Nix strings, decoded
  std::set<std::string> other_arguments;         // the names of arguments that are other Nix expressions
  std::optional<std::int64_t> slot;              // the argument `slot`, if it is a number
  bool has_arguments = false;                    // of either kind
  std::string configs_path;                      // of what was built last
  std::map<std::string, Resource> resources;
  std::string trouble;  // what we need to know of its machine, and cannot read; empty: nothing
};

// An error means that no deployment is known. It names the deployment and the member, but no value: some are secret.
Expected<std::vector<Deployment>> parse_deployments(std::string_view export_json);

// Whether the deployment is one of our machines: its `tag` argument is our tag; or its creation was interrupted before
// it got arguments, and it has only its name TAG-N.
bool belongs_to(const Tag& tag, const Deployment& deployment);

// A deployment that `export --all` left out, while it exited with 0, because a plugin is missing: on stderr
// `skipping deployment ‘UUID’: unknown resource type ‘ec2’`.
struct Skipped {
  std::string uuid;
  std::string why;  // "unknown resource type ‘ec2’"

  friend bool operator==(const Skipped&, const Skipped&) = default;
};
std::vector<Skipped> skipped_deployments(std::string_view stderr_text);

}  // namespace hydra_provisioner::providers::nixops
