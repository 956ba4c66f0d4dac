#include "state/machine_records.hpp"

#include <exception>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "state/database/fields.hpp"
#include "state/database/postgres.hpp"

namespace hydra_provisioner::state {
namespace {

Error in_records(const JournalPlace& place, std::string_view doing, const std::exception& error) {
  return {fmt::format("journal {}: the records of machines cannot be {}: {}", place.described(), doing, error.what()),
          ErrorKind::unfinished};
}

}  // namespace

MachineRecords::MachineRecords(JournalPlace place, const std::atomic<bool>& give_up)
    : place_(std::move(place)), give_up_(give_up) {}

// A journal that no host has written yet has none.
template <class Read>
std::invoke_result_t<Read, Database&> MachineRecords::reading(Read read) const {
  try {
    const auto database = open_postgres(place_.server, place_.tag, PostgresMode::read, &give_up_);
    if (!has_host_tables(*database)) return {};
    return read(*database);
  } catch (const std::exception& error) {
    return std::unexpected(in_records(place_, "read", error));
  }
}

template <class Change>
Expected<void> MachineRecords::changing(const Lead& lead, Change change) const {
  try {
    const auto database = open_postgres(place_.server, place_.tag, PostgresMode::write, &give_up_);
    Transaction transaction(*database);
    if (auto leads = hold(*database, lead); !leads) return leads;
    change(*database);
    transaction.commit();
    return {};
  } catch (const std::exception& error) {
    return std::unexpected(in_records(place_, "written", error));
  }
}

Expected<std::set<MachineId>> MachineRecords::machines() const {
  return reading([](Database& database) -> Expected<std::set<MachineId>> {
    std::set<MachineId> machines;
    const auto rows = query(database, "select distinct machine from machine_records");
    while (rows->next()) machines.insert(get<MachineId>(*rows, 0));
    return machines;
  });
}

Expected<std::map<MachineId, NamedTexts>> MachineRecords::of(const std::set<MachineId>& machines) const {
  return reading([&](Database& database) -> Expected<std::map<MachineId, NamedTexts>> {
    std::map<MachineId, NamedTexts> all;
    const auto rows = query(database,
                            "select machine, name, content from machine_records "
                            "where machine = any (string_to_array($1, ' '))",
                            fmt::format("{}", fmt::join(machines, " ")));
    while (rows->next()) all[get<MachineId>(*rows, 0)].emplace(get<std::string>(*rows, 1), get<std::string>(*rows, 2));
    return all;
  });
}

Expected<void> MachineRecords::write(const Lead& lead, const MachineId& machine, const std::string& name,
                                     const std::string& text) const {
  return changing(lead, [&](Database& database) {
    execute(database,
            "insert into machine_records (machine, name, content) values ($1, $2, $3) "
            "on conflict (machine, name) do update set content = excluded.content",
            machine, name, text);
  });
}

Expected<void> MachineRecords::remove(const Lead& lead, const MachineId& machine, const std::string& name) const {
  return changing(lead, [&](Database& database) {
    execute(database, "delete from machine_records where machine = $1 and name = $2", machine, name);
  });
}

Expected<void> MachineRecords::remove_all(const Lead& lead, const MachineId& machine) const {
  return changing(
      lead, [&](Database& database) { execute(database, "delete from machine_records where machine = $1", machine); });
}

}  // namespace hydra_provisioner::state
