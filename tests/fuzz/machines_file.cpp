// The machines file: one that others wrote, and ours for machines with any address, keys and type.
#include "publish/machines_file.hpp"

#include <algorithm>
#include <list>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "publish/read_machines_file.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {
namespace {

// A line `ADDRESS|TYPE|HOST KEY|SSH KEY` for each machine; what is missing is empty.
struct Farm {
  Config config;
  std::list<Machine> machines;
};

void add_machine(Farm& farm, std::string_view line) {
  std::vector<std::string> fields;
  for (const auto field : std::views::split(line, '|')) fields.emplace_back(field.begin(), field.end());
  fields.resize(std::max<std::size_t>(fields.size(), 4));
  auto type = parse_system_type(fields[1]);
  if (!type) return;
  PoolConfig& pool = farm.config.pools[PoolName(fields[1])];
  pool.name = PoolName(fields[1]);
  pool.type = *std::move(type);
  if (!fields[3].empty()) pool.ssh_key = fields[3];
  Machine machine;
  machine.id = MachineId("t-" + std::to_string(farm.machines.size()));
  machine.pool = pool.name;
  machine.address = fields[0];
  machine.host_key = fields[2];
  farm.machines.push_back(std::move(machine));
}

Farm farm_of(std::string_view bytes) {
  Farm farm;
  farm.config.tag = Tag("t");
  for (const auto line : std::views::split(bytes, '\n')) add_machine(farm, std::string_view(line));
  return farm;
}

}  // namespace

void read(std::string_view bytes) {
  (void)publish::read_machines_file(bytes);
  (void)publish::tag_of_machines_file(bytes);

  const Farm farm = farm_of(bytes);
  std::vector<publish::ListedMachine> listings;
  for (const Machine& machine : farm.machines)
    listings.push_back({.machine = &machine, .pool = &farm.config.pools.at(machine.pool)});
  const auto file = publish::render_machines_file(farm.config, listings);
  expect(publish::tag_of_machines_file(file.content) == "t", "our file names our tag");
  const auto machines = publish::read_machines_file(file.content);
  expect(machines.has_value(), "the queue runner takes our file");
  const auto lines = static_cast<std::size_t>(std::ranges::count(file.content, '\n')) - 1;
  expect(machines->size() == lines && lines >= file.listed.size(), "each line of our file is a machine of its own");
}

}  // namespace hydra_provisioner::fuzz
