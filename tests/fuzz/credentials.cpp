// AWS' files of profiles, the command of credential_process, and what it or a metadata server answers.
#include "providers/ec2/api/credentials.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  using namespace providers::ec2;
  (void)find_profile(bytes, "default");
  (void)find_profile(bytes, "profile build farm");
  (void)split_command(bytes);
  if (const auto credentials = read_credentials(bytes))
    expect(!credentials->access_key.empty() && !credentials->secret_key.empty(), "credentials have both keys");
}

}  // namespace hydra_provisioner::fuzz
