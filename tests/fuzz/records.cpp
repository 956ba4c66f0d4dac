// What the providers note about machines in STATE_DIR: ours, but after a crash or an edit they may hold anything.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "providers/ec2/machines/records.hpp"
#include "providers/exec/records.hpp"
#include "providers/local/machine_folder.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::fuzz {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Puts the bytes into the file. If they are a record, it can be written, and is the same when it is read again.
template <class Read, class Write>
void check_record(const std::string& path, std::string_view bytes, Read read_record, Write write_record) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto record = read_record();
  if (!record || !*record) return;
  expect(write_record(**record).has_value(), "a record that was read can be written");
  const std::string written = content_of(path);
  const auto again = read_record();
  expect(again && *again, "a record that was written can be read");
  expect(write_record(**again).has_value() && content_of(path) == written, "a record stays the same");
}

}  // namespace

void read(std::string_view bytes) {
  using namespace providers;
  static const support::TemporaryFolder folder;
  static const MachineId machine("t-1");
  std::filesystem::create_directory(folder.path + "/t-1");
  const exec::ExecRecords records(Tag("t"), folder.path);
  check_record(
      folder.path + "/t-1.json", bytes, [&] { return records.find(machine); },
      [&](const exec::ExecRecord& record) { return records.write(machine, record); });

  ec2::Ec2Records ec2_records(std::make_unique<FolderKeeper>(Tag("t"), folder.path));
  const auto part = [&](auto ec2::Ec2Record::* which) {
    return [&ec2_records, which]() -> Expected<std::remove_cvref_t<decltype(std::declval<ec2::Ec2Record>().*which)>> {
      auto record = support::await(ec2_records.of(machine));
      if (!record) return std::unexpected(record.error());
      return (*record).*which;
    };
  };
  check_record(folder.path + "/t-1/request.json", bytes, part(&ec2::Ec2Record::sent),
               [&](const ec2::SentRequest& sent) { return support::await(ec2_records.write_sent(machine, sent)); });
  std::filesystem::remove(folder.path + "/t-1/request.json");
  check_record(folder.path + "/t-1/instance.json", bytes, part(&ec2::Ec2Record::made),
               [&](const ec2::MadeInstance& made) { return support::await(ec2_records.write_made(machine, made)); });
  std::filesystem::remove(folder.path + "/t-1/instance.json");

  const local::MachineFolder local_folder{folder.path};
  check_record(
      local_folder.record(), bytes, [&] { return local::read_record(local_folder); },
      [&](const local::MachineRecord& record) { return local::write_record(local_folder, record); });
}

}  // namespace hydra_provisioner::fuzz
