// What `nixops export` prints.
#include "providers/nixops/deployments/deployment.hpp"
#include "providers/nixops/deployments/instances.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  using namespace providers::nixops;
  const auto deployments = parse_deployments(bytes);
  if (!deployments) return;
  for (const Deployment& deployment : *deployments) {
    (void)belongs_to(Tag("hydra-provisioned"), deployment);
    (void)is_interrupted_creation(deployment);
    expect(instance_of(deployment).id.text == deployment.uuid, "an instance is called by its deployment's UUID");
    expect(instance_of(deployment).state != InstanceState::running, "NixOps' records cannot tell that a machine runs");
  }
}

}  // namespace hydra_provisioner::fuzz
