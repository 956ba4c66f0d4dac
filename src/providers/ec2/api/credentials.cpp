#include "providers/ec2/api/credentials.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"
#include "io/text/iso_time.hpp"
#include "io/text/json.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using std::chrono::seconds;

// No value: this source has none, so the next one is tried.
using FoundCredentials = Expected<std::optional<Credentials>>;

constexpr Seconds refreshed_before{300};
constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string member(const io::Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

FoundCredentials read_credentials_of(const std::string& source, std::string_view text) {
  auto credentials = read_credentials(text);
  if (!credentials) return std::unexpected(within(source, credentials.error()));
  return *std::move(credentials);
}

FoundCredentials credentials_of_environment() {
  Credentials credentials{.access_key = environment("AWS_ACCESS_KEY_ID"),
                          .secret_key = environment("AWS_SECRET_ACCESS_KEY"),
                          .session_token = environment("AWS_SESSION_TOKEN"),
                          .expires_at = {}};
  if (credentials.access_key.empty()) return std::nullopt;
  if (credentials.secret_key.empty()) return failure("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
  return credentials;
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

// From both files; the settings in ~/.aws/credentials win.
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
  co_return read_credentials_of("credential_process", answer->output);
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
  // The default profile may only set a region.
  if (asked_for.empty() && !(*profile)->contains("role_arn")) co_return std::nullopt;
  co_return failure(fmt::format(
      "profile {0:?} has neither keys nor credential_process; for roles and single sign-on write in a profile of its "
      "own: credential_process = aws configure export-credentials --profile {0}",
      name));
}

io::Task<Expected<std::string>> fetch(io::Http& http, io::HttpRequest request) {
  const std::string url = request.url;
  request.deadline = seconds{5};
  request.is_direct = true;  // a proxy would see the secrets, and is asked about addresses that mean this host
  auto answer = co_await http.send(std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->status == 200) co_return std::move(answer->body);
  co_return failure(fmt::format("{}: answers with status {}", url, answer->status));
}

// We send a secret to this URL, and it answers with one.
bool may_be_trusted(std::string_view url) {
  const std::string_view behind_scheme = url.substr(std::min(url.find("://") + 3, url.size()));
  if (behind_scheme.substr(0, behind_scheme.find_first_of("/?#")).contains('@')) return false;  // USER:PASSWORD@HOST
  if (url.starts_with("https://")) return true;
  constexpr std::array<std::string_view, 5> hosts{"http://127.0.0.1", "http://localhost", "http://[::1]",
                                                  "http://169.254.170.2", "http://169.254.170.23"};
  return std::ranges::any_of(hosts, [&](std::string_view host) {
    if (!url.starts_with(host)) return false;
    const std::string_view rest = url.substr(host.size());
    return rest.empty() || rest.front() == '/' || rest.front() == ':';
  });
}

Expected<std::vector<std::string>> container_headers() {
  std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    const auto content = io::read_file(path, file_bytes_max);
    if (!content) return std::unexpected(content.error());
    token = io::without_trailing(content->value_or(""), "\n");
  }
  if (token.empty()) return std::vector<std::string>{};
  return std::vector{"Authorization: " + token};
}

io::Task<FoundCredentials> credentials_of_container(io::Http& http) {
  const std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string url =
      relative.empty() ? environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") : "http://169.254.170.2" + relative;
  if (url.empty()) co_return std::nullopt;
  if (!may_be_trusted(url))
    co_return failure(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI: neither https nor this host, or with a user; secrets are not sent there");
  auto headers = container_headers();
  if (!headers) co_return std::unexpected(headers.error());
  const auto answer = co_await fetch(http, {.url = url, .headers = *std::move(headers)});
  if (!answer) co_return std::unexpected(answer.error());
  co_return read_credentials_of(url, *answer);
}

// IMDSv2. Without an answer this host is no instance of EC2; an instance without a role has no credentials.
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
  const auto answer = co_await fetch(http, {.url = path + std::string(io::first_line(*role)), .headers = headers});
  if (!answer) co_return std::unexpected(answer.error());
  co_return read_credentials_of(path, *answer);
}

io::Task<FoundCredentials> find_credentials(io::Http& http) {
  auto found = credentials_of_environment();
  if (found && !*found) found = co_await credentials_of_profile();
  if (found && !*found) found = co_await credentials_of_container(http);
  if (found && !*found) found = co_await credentials_of_instance(http);
  co_return found;
}

}  // namespace

Expected<Credentials> read_credentials(std::string_view text) {
  const auto json = io::parse_json(text);
  // The text may be a secret, so the message does not quote it.
  if (!json || !json->is_object()) return failure("the answer is not a JSON object");
  Credentials credentials{.access_key = member(*json, "AccessKeyId"),
                          .secret_key = member(*json, "SecretAccessKey"),
                          .session_token = member(*json, json->contains("Token") ? "Token" : "SessionToken"),
                          .expires_at = io::parse_iso_time(member(*json, "Expiration"))};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return failure("the answer has no AccessKeyId or no SecretAccessKey");
  return credentials;
}

io::Task<Expected<Credentials>> CredentialSource::get() {
  const bool is_fresh = known_ && (!known_->expires_at || clock_.now() + refreshed_before < *known_->expires_at);
  if (is_fresh) co_return *known_;
  auto found = co_await find_credentials(http_);
  if (!found) co_return std::unexpected(within("AWS credentials", found.error()));
  if (!*found)
    co_return failure(
        "no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write ~/.aws/credentials, or give "
        "this host's instance a role");
  known_ = *std::move(found);
  co_return *known_;
}

std::optional<Profile> find_profile(std::string_view file, std::string_view section) {
  std::optional<Profile> profile;
  bool is_inside = false;
  for (const std::string_view line : io::lines(file)) {
    const std::string_view text = io::trimmed(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') continue;
    if (text.front() == '[') {
      is_inside = text.back() == ']' && io::trimmed(text.substr(1, text.size() - 2)) == section;
      if (is_inside && !profile) profile.emplace();
      continue;
    }
    const auto equals = text.find('=');
    const bool is_nested = line.front() == ' ' || line.front() == '\t';
    if (!is_inside || is_nested || equals == std::string_view::npos) continue;
    profile->insert_or_assign(std::string(io::trimmed(text.substr(0, equals))), io::trimmed(text.substr(equals + 1)));
  }
  return profile;
}

std::vector<std::string> split_command(std::string_view line) {
  std::vector<std::string> words;
  bool is_in_word = false;
  char quote = '\0';
  for (const char c : line) {
    if (quote != '\0' && c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
      if (!std::exchange(is_in_word, true)) words.emplace_back();
    } else if (quote == '\0' && (c == ' ' || c == '\t')) {
      is_in_word = false;
    } else {
      if (!std::exchange(is_in_word, true)) words.emplace_back();
      words.back() += c;
    }
  }
  return words;
}

}  // namespace hydra_provisioner::providers::ec2
