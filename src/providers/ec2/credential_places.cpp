#include "providers/ec2/credential_places.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using std::chrono::seconds;

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string aws_file(const char* variable, std::string_view name) {
  const std::string path = environment(variable);
  return path.empty() ? fmt::format("{}/.aws/{}", environment("HOME"), name) : path;
}

Expected<std::optional<Profile>> profile_in(const std::string& path, std::string_view section) {
  const auto content = io::read_file(path, file_bytes_max);
  if (!content) return std::unexpected(content.error());
  return *content ? find_profile(**content, section) : std::nullopt;
}

// Both files together; what ~/.aws/credentials says comes first.
Expected<std::optional<Profile>> read_profile(const std::string& name) {
  const auto secrets = profile_in(aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), name);
  if (!secrets) return secrets;
  const auto settings = profile_in(aws_file("AWS_CONFIG_FILE", "config"), name == "default" ? name : "profile " + name);
  if (!settings) return settings;
  if (!*secrets) return settings;
  Profile both = **secrets;
  if (*settings) both.insert((*settings)->begin(), (*settings)->end());
  return both;
}

std::string at(const Profile& profile, const std::string& name) {
  const auto found = profile.find(name);
  return found == profile.end() ? "" : found->second;
}

io::Task<FoundCredentials> credentials_of_process(std::string command) {
  const auto answer = co_await io::run_successfully({.argv = split_command(command), .deadline = seconds{60}});
  if (!answer) co_return std::unexpected(within("credential_process", answer.error()));
  auto credentials = read_credentials(answer->output);
  if (!credentials) co_return std::unexpected(within("credential_process", credentials.error()));
  co_return *std::move(credentials);
}

io::Task<Expected<std::string>> fetch(io::Http& http, io::HttpRequest request) {
  const std::string url = request.url;
  request.deadline = seconds{5};
  auto answer = co_await http.send(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 200) co_return std::move(answer->body);
  co_return failure(fmt::format("{}: answers with status {}", url, answer->status));
}

// A secret is sent there, and a secret comes back.
bool may_be_trusted(std::string_view url) {
  constexpr std::array<std::string_view, 6> beginnings{"https://",     "http://127.0.0.1",     "http://localhost",
                                                       "http://[::1]", "http://169.254.170.2", "http://169.254.170.23"};
  for (const std::string_view beginning : beginnings) {
    const std::string_view rest = url.starts_with(beginning) ? url.substr(beginning.size()) : "x";
    if (beginning == "https://" && url.starts_with(beginning)) return true;
    if (rest.empty() || rest.front() == '/' || rest.front() == ':') return true;
  }
  return false;
}

Expected<std::vector<std::string>> container_headers() {
  std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    const auto content = io::read_file(path, file_bytes_max);
    if (!content) return std::unexpected(content.error());
    token = content->value_or("");
    while (token.ends_with('\n')) token.pop_back();
  }
  if (token.empty()) return std::vector<std::string>{};
  return std::vector{"Authorization: " + token};
}

}  // namespace

FoundCredentials credentials_of_environment() {
  Credentials credentials{.access_key = environment("AWS_ACCESS_KEY_ID"),
                          .secret_key = environment("AWS_SECRET_ACCESS_KEY"),
                          .session_token = environment("AWS_SESSION_TOKEN"),
                          .expires_at = {}};
  if (credentials.access_key.empty()) return std::nullopt;
  if (credentials.secret_key.empty()) return failure("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
  return credentials;
}

io::Task<FoundCredentials> credentials_of_profile() {
  const std::string asked_for = environment("AWS_PROFILE");
  const std::string name = asked_for.empty() ? "default" : asked_for;
  const auto profile = read_profile(name);
  if (!profile) co_return std::unexpected(profile.error());
  if (!*profile && asked_for.empty()) co_return std::nullopt;
  if (!*profile) co_return failure(fmt::format("AWS_PROFILE: there is no profile {:?}", name));
  Credentials credentials{.access_key = at(**profile, "aws_access_key_id"),
                          .secret_key = at(**profile, "aws_secret_access_key"),
                          .session_token = at(**profile, "aws_session_token"),
                          .expires_at = {}};
  if (!credentials.access_key.empty() && !credentials.secret_key.empty()) co_return credentials;
  if (const std::string command = at(**profile, "credential_process"); !command.empty())
    co_return co_await credentials_of_process(command);
  if (asked_for.empty() && !(*profile)->contains("role_arn")) co_return std::nullopt;  // such as a region alone
  co_return failure(fmt::format(
      "profile {0:?} has neither keys nor credential_process; for roles and single sign-on write in a profile of its "
      "own: credential_process = aws configure export-credentials --profile {0}",
      name));
}

io::Task<FoundCredentials> credentials_of_container(io::Http& http) {
  const std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string url =
      relative.empty() ? environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") : "http://169.254.170.2" + relative;
  if (url.empty()) co_return std::nullopt;
  if (!may_be_trusted(url))
    co_return failure("AWS_CONTAINER_CREDENTIALS_FULL_URI: neither https nor this host; secrets are not sent there");
  auto headers = container_headers();
  if (!headers) co_return std::unexpected(headers.error());
  const auto answer = co_await fetch(http, {.url = url, .headers = *std::move(headers)});
  if (!answer) co_return std::unexpected(answer.error());
  auto credentials = read_credentials(*answer);
  if (!credentials) co_return std::unexpected(within(url, credentials.error()));
  co_return *std::move(credentials);
}

// IMDSv2. Where nobody answers this is no instance; where one has no role, there are no credentials.
io::Task<FoundCredentials> credentials_of_instance(io::Http& http) {
  if (environment("AWS_EC2_METADATA_DISABLED") == "true") co_return std::nullopt;
  const std::string other = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  const std::string host = other.empty() ? "http://169.254.169.254" : other;
  const auto token = co_await fetch(
      http,
      {.method = "PUT", .url = host + "/latest/api/token", .headers = {"X-aws-ec2-metadata-token-ttl-seconds: 300"}});
  if (!token) co_return std::nullopt;
  const std::vector<std::string> headers{"X-aws-ec2-metadata-token: " + *token};
  const std::string path = host + "/latest/meta-data/iam/security-credentials/";
  const auto role = co_await fetch(http, {.url = path, .headers = headers});
  if (!role || role->empty()) co_return std::nullopt;
  const auto answer = co_await fetch(http, {.url = path + role->substr(0, role->find('\n')), .headers = headers});
  if (!answer) co_return std::unexpected(answer.error());
  auto credentials = read_credentials(*answer);
  if (!credentials) co_return std::unexpected(within(path, credentials.error()));
  co_return *std::move(credentials);
}

}  // namespace hydra_provisioner::providers::ec2
