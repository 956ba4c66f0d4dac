#include "publish/machines_file.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "io/text/base64.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"
#include "publish/read_machines_file.hpp"

namespace hydra_provisioner::publish {
namespace {

constexpr std::string_view first_line_start = "# hydra-provisioner ";

// The queue runner divides each machine's jobs by its speed factor, rounds the result, and sends a step to the machine
// with the lowest result, or to the fullest of several. A factor as large as this makes all results 0.
constexpr std::int64_t packing_factor = 1000;

std::pair<std::int64_t, std::string_view> place_of(const ListedMachine& listed);
Expected<void> check_address(const std::string& address);
Expected<void> check_host_key(const std::string& host_key);
Error taken_address(const Machine& machine, const MachineId& owner);
std::set<PoolName> add_machines(MachinesFile& file, const Config& config, const std::vector<ListedMachine>& machines);
void add_placeholders(MachinesFile& file, const Config& config, const std::set<PoolName>& pools_with_machines);
bool is_covered(const MachineKind& kind, const std::map<std::string, MachineLine>& lines);

}  // namespace

MachinesFile render_machines_file(const Config& config, std::vector<ListedMachine> machines) {
  if (!std::ranges::is_sorted(machines, {}, place_of)) std::ranges::sort(machines, {}, place_of);
  MachinesFile file{.content = fmt::format("{}{}\n", first_line_start, config.tag), .listed = {}, .left_out = {}};
  const auto pools_with_machines = add_machines(file, config, machines);
  if (config.placeholders) add_placeholders(file, config, pools_with_machines);
  return file;
}

std::vector<PoolName> new_placeholders(const MachinesFile& file, std::string_view before, const Config& config) {
  if (file.placeholders.empty()) return {};
  const auto lines = read_machines_file(before);
  std::vector<PoolName> fresh;
  for (const PoolName& pool : file.placeholders) {
    if (!lines || !is_covered(config.pools.at(pool).type, *lines)) fresh.push_back(pool);
  }
  return fresh;
}

std::string render_ssh_config(std::string_view machines_file) {
  std::string text;
  for (const std::string_view line : io::lines(machines_file)) {
    if (line.starts_with('#')) continue;
    const std::string_view name = line.substr(0, line.find(' '));
    const LoginParts parts = login_parts(name);
    if (!parts.port) continue;
    const std::string_view host = name.substr(name.rfind('@') + 1);
    text += fmt::format("Host {0}\n  HostName {1}\n  Port {2}\n  HostKeyAlias {0}\n", host, parts.host, *parts.port);
  }
  return text;
}

std::string unique_name(const Machine& machine) { return io::in_lower_case(queue_name(machine)); }

Expected<void> check_line(const Machine& machine, const Machine* namesake) {
  if (auto checked = check_address(machine.address); !checked) return checked;
  if (auto checked = check_host_key(machine.host_key); !checked) return checked;
  if (namesake != nullptr) return std::unexpected(taken_address(machine, namesake->id));
  return {};
}

std::string tag_of_machines_file(std::string_view content) {
  const auto first_line = content.substr(0, content.find('\n'));
  if (!first_line.starts_with(first_line_start)) return {};
  return std::string(first_line.substr(first_line_start.size()));
}

namespace {

// TAG-9 before TAG-10.
std::pair<std::int64_t, std::string_view> place_of(const ListedMachine& listed) {
  return {number_of(listed.machine->id), listed.machine->id.text};
}

// A line before it is checked.
struct Line {
  std::string address;
  const MachineKind& type;
  std::string ssh_key;  // a path or `-`
  std::int64_t max_jobs = 0;
  std::int64_t speed_factor = 1;
  std::string host_key{};  // `TYPE KEY`, or empty
  bool has_ssh_config = false;
};

std::string shown(std::string_view text) { return io::quoted(text, 80); }

bool is_lower_or_digit(char c) { return io::is_lower(c) || io::is_digit(c); }

bool fits_a_list(const std::set<std::string>& names) {
  return std::ranges::all_of(
      names, [](const std::string& name) { return fits_a_column(name) && !name.contains(',') && name != "-"; });
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && io::is_alphanumeric(text.front()) && !text.contains("..") &&
         io::is_alphanumeric(text, "-_.");
}

// Without brackets and zone, as ssh expects it. Nix adds the brackets itself.
bool is_ipv6_address(const std::string& text) {
  in6_addr ignored{};
  return fits_a_column(text) && inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

bool is_type_and_base64(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return false;
  const auto type = text.substr(0, space);
  const auto key = text.substr(space + 1);
  const auto is_part = [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.' || c == '@'; };
  return !type.empty() && std::ranges::all_of(type, is_part) && !key.empty() && io::is_base64(key);
}

bool is_user(std::string_view text) {
  const auto is_part = [](char c) { return is_lower_or_digit(c) || c == '-' || c == '_'; };
  return !text.empty() && text.size() <= 32 && text.front() != '-' && std::ranges::all_of(text, is_part);
}

// Empty: the user's name is wrong, or the address does not read the same when it is put together again.
std::string host_of(const std::string& address) {
  const LoginParts parts = login_parts(address);
  const std::string again = parts.port ? address_with(parts.host, *parts.port) : parts.host;
  const std::string_view behind_user = std::string_view(address).substr(address.rfind('@') + 1);  // npos + 1 is 0
  return is_user(parts.user) && again == behind_user ? parts.host : "";
}

Expected<void> check_address(const std::string& address) {
  const std::string host = host_of(address);
  if (!is_host_name(host) && !is_ipv6_address(host)) {
    return failure(fmt::format("its address {} is neither a host name nor an IP address", shown(address)));
  }
  if (io::in_lower_case(host).ends_with(placeholder_domain)) {
    return failure(
        fmt::format("its address {} is that of a placeholder; give the machine another name", shown(address)));
  }
  return {};
}

Expected<void> check_number(std::string_view option, std::int64_t number, std::int64_t min) {
  constexpr std::int64_t max = std::numeric_limits<std::int32_t>::max();
  if (number >= min && number <= max) return {};
  return failure(fmt::format("{} {} is not a whole number from {} to {}", option, number, min, max));
}

Expected<void> check_host_key(const std::string& host_key) {
  if (host_key.empty() || is_type_and_base64(host_key)) return {};
  return failure(
      fmt::format("its host key {} is not \"TYPE BASE64\", such as \"ssh-ed25519 AAAAC3…\"", shown(host_key)));
}

Expected<void> check_settings(const Line& line) {
  const auto& [systems, supported, mandatory] = line.type;
  if (systems.empty() || !fits_a_list(systems) || !fits_a_list(supported) || !fits_a_list(mandatory)) {
    return failure(fmt::format("systems {} and features {} are not lists of plain words", shown(joined(systems)),
                               shown(joined(supported))));
  }
  if (!fits_a_column(line.ssh_key)) {
    return failure(
        fmt::format("sshKey {} has white space, \";\", \"#\" or characters beyond ASCII, or is empty; use another path",
                    shown(line.ssh_key)));
  }
  if (auto checked = check_host_key(line.host_key); !checked) return checked;
  if (auto checked = check_number("maxJobs", line.max_jobs, 0); !checked) return checked;
  return check_number("speedFactor", line.speed_factor, 1);  // old queue runners divide by it
}

// A Nix of 2024 and later reads a port in a store reference only. An older one hands the name to ssh as it is, and
// sshConfigFile says there what it means.
std::string published_name(const std::string& address, bool has_ssh_config) {
  const std::string name = name_at(address);
  return login_parts(address).port && !has_ssh_config ? "ssh://" + name : name;
}

std::string text_of(const Line& line) {
  return fmt::format("{} {} {} {} {} {} {} {}\n", published_name(line.address, line.has_ssh_config),
                     joined(line.type.systems), line.ssh_key, line.max_jobs, line.speed_factor,
                     joined(line.type.supported_features), joined(line.type.mandatory_features),
                     line.host_key.empty() ? "-" : io::to_base64(line.host_key));
}

Expected<std::string> machine_line(const Config& config, const Machine& machine, const PoolConfig& pool) {
  if (auto checked = check_address(machine.address); !checked) return std::unexpected(std::move(checked.error()));
  const Line line{.address = machine.address,
                  .type = pool.type,
                  .ssh_key = pool.ssh_key.value_or("-"),
                  .max_jobs = max_jobs_of(machine, pool),
                  .speed_factor = pool.packing ? pool.speed_factor * packing_factor : pool.speed_factor,
                  .host_key = machine.host_key,
                  .has_ssh_config = config.ssh_config_file.has_value()};
  if (auto checked = check_settings(line); !checked) return std::unexpected(std::move(checked.error()));
  return text_of(line);
}

Error taken_address(const Machine& machine, const MachineId& owner) {
  return {fmt::format("its address {} is also that of {}", shown(machine.address), owner)};
}

// Returns the pools that have a machine in the file.
std::set<PoolName> add_machines(MachinesFile& file, const Config& config, const std::vector<ListedMachine>& machines) {
  std::set<PoolName> pools;
  std::map<std::string, MachineId> addresses;
  for (const auto& [machine, pool] : machines) {
    auto line = machine_line(config, *machine, *pool);
    if (line) {
      // Of two lines with one name the queue runner would keep only the last. `ADDRESS` means `root@ADDRESS`.
      const auto [first, is_new] = addresses.emplace(unique_name(*machine), machine->id);
      if (!is_new) line = std::unexpected(taken_address(*machine, first->second));
    }
    if (!line) {
      file.left_out.push_back(fmt::format("{}: left out: {}", machine->id, line.error().message));
      continue;
    }
    file.content += *line;
    file.listed.push_back(machine->id);
    pools.insert(pool->name);
  }
  return pools;
}

// The names for all pools, with or without machines, so that a placeholder keeps its name while machines come and go.
std::map<PoolName, std::string> placeholder_names(const Config& config) {
  std::map<PoolName, std::string> names;
  std::set<std::string> taken;
  for (const auto& [pool, settings] : config.pools) {
    std::string plain = io::in_lower_case(pool.text);
    std::ranges::replace_if(plain, [](char c) { return !is_lower_or_digit(c) && c != '-'; }, '-');
    std::string name = plain;
    for (int number = 2; !taken.insert(name).second; ++number) name = fmt::format("{}-{}", plain, number);
    names.emplace(pool, std::move(name));
  }
  return names;
}

// A placeholder gets no steps. While a type has no machine, it keeps the queue runner from aborting the steps of the
// type.
void add_placeholders(MachinesFile& file, const Config& config, const std::set<PoolName>& pools_with_machines) {
  for (const auto& [pool, name] : placeholder_names(config)) {
    if (pools_with_machines.contains(pool)) continue;
    const Line line{
        .address = name + std::string(placeholder_domain), .type = config.pools.at(pool).type, .ssh_key = "-"};
    if (auto checked = check_settings(line); !checked) {
      file.left_out.push_back(
          fmt::format("{}: no placeholder in the machines file: {}", pool, checked.error().message));
      continue;
    }
    file.content += text_of(line);
    file.placeholders.push_back(pool);
  }
}

// Whether for each system one of the lines takes all steps that machines of this kind can build.
bool is_covered(const MachineKind& kind, const std::map<std::string, MachineLine>& lines) {
  return std::ranges::all_of(kind.systems, [&](const std::string& system) {
    return std::ranges::any_of(lines, [&](const auto& entry) {
      const MachineLine& line = entry.second;
      return line.supports(system, kind.mandatory_features) && line.supports(system, kind.supported_features);
    });
  });
}

}  // namespace
}  // namespace hydra_provisioner::publish
