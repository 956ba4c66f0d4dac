#include "app/verbs/hints.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <variant>

#include <fmt/format.h>
#include <unistd.h>

#include "config/settings.hpp"
#include "io/process/programs.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr Seconds hour{3600};

std::string place_of(const PoolConfig& pool) { return config::attribute_path("systemTypes", pool.name.text); }

void hint_at_billing(const PoolConfig& pool, std::vector<std::string>& hints) {
  if (pool.kind() != ProviderKind::ec2 || pool.billing_period.value_or(Seconds{0}) < hour) return;
  hints.push_back(fmt::format("{}.billingPeriod: {} s, but AWS bills Linux by the second since 2017: 60 saves money",
                              place_of(pool), pool.billing_period->count()));
}

void hint_at_missing_expression(const PoolConfig& pool, std::vector<std::string>& hints) {
  const auto* nixops = std::get_if<NixopsSettings>(&pool.provider);
  std::error_code ignored;
  if (nixops == nullptr || std::filesystem::exists(nixops->expression, ignored)) return;
  hints.push_back(fmt::format("{}.nixopsExpr: {}: no such file", place_of(pool), nixops->expression));
}

void hint_at_missing_program(const PoolConfig& pool, std::vector<std::string>& hints) {
  const auto* exec = std::get_if<ExecSettings>(&pool.provider);
  if (exec == nullptr) return;
  const auto program = io::find_program(exec->command.front());
  const std::string place = place_of(pool) + ".exec.command";
  if (!program) {
    hints.push_back(fmt::format("{}: {}", place, program.error().message));
  } else if (::access(program->c_str(), X_OK) != 0) {
    hints.push_back(fmt::format("{}: {}: {}", place, *program, io::os_error(errno)));
  }
}

}  // namespace

std::vector<std::string> hints_for(const Config& config) {
  std::vector<std::string> hints;
  for (const auto& [name, pool] : config.pools) {
    hint_at_billing(pool, hints);
    hint_at_missing_expression(pool, hints);
    hint_at_missing_program(pool, hints);
  }
  return hints;
}

}  // namespace hydra_provisioner::app
