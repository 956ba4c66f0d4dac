// The files in STATE_DIR/jobs: ours, but after a crash or an edit they may hold anything.
#include "act/job_files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::fuzz {
namespace {

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void read_as_request(const act::JobFiles& files, std::string_view bytes) {
  write_file(files.request, bytes);
  const auto begun_at = act::read_begun_at(files);
  const auto request = act::read_request(files);
  if (!request) return;
  expect(act::write_request(files, *request, begun_at).has_value(), "a request that was read can be written");
  const std::string written = content_of(files.request);
  const auto again = act::read_request(files);
  expect(again.has_value() && act::read_begun_at(files) == begun_at, "a request that was written can be read");
  expect(act::write_request(files, *again, begun_at).has_value() && content_of(files.request) == written,
         "a request stays the same");
}

void read_as_result(const act::JobFiles& files, std::string_view bytes) {
  write_file(files.result, bytes);
  const auto result = act::read_result(files);
  if (!result) return;
  expect(act::write_result(files, *result).has_value(), "a result that was read can be written");
  const std::string written = content_of(files.result);
  const auto again = act::read_result(files);
  expect(again.has_value(), "a result that was written can be read");
  expect(act::write_result(files, *again).has_value() && content_of(files.result) == written,
         "a result stays the same");
}

}  // namespace

void read(std::string_view bytes) {
  static const support::TemporaryFolder folder;
  static const act::JobFiles files(folder.path, MachineId("t-1"));
  std::filesystem::create_directory(folder.path + "/jobs");
  read_as_request(files, bytes);
  read_as_result(files, bytes);
}

}  // namespace hydra_provisioner::fuzz
