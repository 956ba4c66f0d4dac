// What NixOps says on its outputs besides `export`.
#include "providers/nixops/program/messages.hpp"

#include <algorithm>
#include <cstddef>

#include "providers/nixops/deployments/deployment.hpp"
#include "providers/nixops/deployments/deployment_calls.hpp"
#include "providers/nixops/program/ec2_errors.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {
namespace {

bool is_endless(std::string_view bytes, std::size_t piece_size) {
  providers::nixops::EndlessErrors errors;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), piece_size))) {
    if (errors.hear(bytes.substr(0, piece_size))) return true;
  }
  return false;
}

}  // namespace

void read(std::string_view bytes) {
  using namespace providers::nixops;
  expect(!cause_of(bytes).contains('\n'), "a cause is on one line");
  (void)skipped_deployments(bytes);
  for (const int exit_status : {0, 1, 2, 16}) (void)condition_of(exit_status, bytes);
  expect(is_endless(bytes, bytes.size() / 8 + 1) == is_endless(bytes, bytes.size()),
         "it does not matter how the output is cut");
}

}  // namespace hydra_provisioner::fuzz
