#include "providers/ec2/api/client.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "io/text/wording.hpp"
#include "providers/ec2/api/answers.hpp"
#include "providers/ec2/api/requests.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t answer_bytes_max = std::size_t{32} << 20;  // a page of 1,000 instances has about 5 MB
constexpr Seconds repetition_max{60};

// Full jitter: clients that were throttled together do not come back together.
milliseconds pause_before(int attempt) {
  static std::minstd_rand random{std::random_device{}()};
  const milliseconds longest = std::min(milliseconds{500} * (1 << std::min(attempt, 6)), milliseconds{20'000});
  return milliseconds{std::uniform_int_distribution<milliseconds::rep>(0, longest.count())(random)};
}

// Other requests need several permissions, and EC2's text says which one is missing.
std::string permission_for(std::string_view action) {
  return action.starts_with("Describe") ? fmt::format(" ec2:{}", action) : "";
}

std::string what_to_do(const ErrorAnswer& answer, Ec2Code meaning, std::string_view action) {
  if (answer.code == "RequestExpired" || answer.code == "SignatureDoesNotMatch")
    return "; check the credentials, and this host's clock";
  if (meaning == Ec2Code::credentials) return "; check the credentials: they are wrong or have expired";
  if (meaning == Ec2Code::quota) return "; ask AWS for a higher quota, or lower maxMachines";
  if (answer.code == "UnauthorizedOperation" || answer.code.starts_with("AccessDenied"))
    return "; give these credentials the permission" + permission_for(action);
  if (answer.code.ends_with("NonExistentQueue")) return "; correct eventQueue, or make the queue";
  if (answer.code.starts_with("Invalid")) return "; correct the option that names it";
  return "";
}

Ec2Error error_of(const std::string& where, const ErrorAnswer& answer, std::string_view action) {
  const Ec2Code meaning = meaning_of(answer.code);
  std::string text = fmt::format("{}: {}: {}{}", where, io::shortened(answer.code, 100),
                                 io::quoted(answer.message, 300), what_to_do(answer, meaning, action));
  const ErrorKind kind = meaning == Ec2Code::capacity ? ErrorKind::no_capacity : ErrorKind::failed;
  return {.code = answer.code, .meaning = meaning, .error = {std::move(text), kind}};
}

// The answer is not EC2's, but that of a proxy or another server.
Ec2Error foreign_answer(const std::string& where, const io::HttpAnswer& answer) {
  const bool may_pass = answer.status >= 500 || answer.status == 429;
  std::string text =
      fmt::format("{}: the answer, with status {}, is not EC2's XML: {}; check region and endpoint, and any proxy",
                  where, answer.status, io::quoted(answer.body, 100));
  return {.code = "", .meaning = may_pass ? Ec2Code::passing : Ec2Code::unknown, .error = {std::move(text)}};
}

bool is_worth_another_try(const Ec2Error& error) {
  return error.meaning == Ec2Code::throttling || error.meaning == Ec2Code::passing;
}

// The state of an instance does not change within a minute.
bool is_about_an_instance(const Ec2Error& error) {
  return error.code.ends_with(".NotFound") || error.code == "IncorrectInstanceState";
}

}  // namespace

io::Task<Ec2Expected<std::string>> Ec2Client::call(Place place, std::string body, Service service) {
  const Instant begun = clock_.now();
  bool had_new_credentials = false;
  for (int attempt = 0;; ++attempt) {
    auto answer = co_await call_once(place, body, service);
    if (answer || is_about_an_instance(answer.error())) co_return answer;
    if (answer.error().meaning == Ec2Code::credentials && !std::exchange(had_new_credentials, true)) {
      credentials_.forget();
      continue;
    }
    const milliseconds pause = pause_before(attempt);
    const bool is_late = clock_.now() + std::chrono::ceil<seconds>(pause) > begun + repetition_max;
    if (!is_worth_another_try(answer.error()) || is_late) co_return answer;
    co_await clock_.sleep_for(pause);
  }
}

io::Task<Ec2Expected<std::string>> Ec2Client::call_once(Place place, std::string body, Service service) {
  const auto credentials = co_await credentials_.get();
  if (!credentials) co_return std::unexpected(Ec2Error{.code = "", .error = credentials.error()});
  const std::string action(action_of(body));
  const std::string where = fmt::format("{} in {}", action, place.region);
  io::HttpRequest request{.method = "POST",
                          .url = service == Service::sqs ? place.endpoint : url_of(place),
                          .headers = {"Content-Type: application/x-www-form-urlencoded; charset=utf-8"},
                          .body = std::move(body),
                          .signer = io::AwsSigner{.region = place.region,
                                                  .service = service == Service::sqs ? "sqs" : "ec2",
                                                  .access_key = credentials->access_key,
                                                  .secret_key = credentials->secret_key},
                          .deadline = seconds{30},
                          .answer_bytes_max = answer_bytes_max};
  if (!credentials->session_token.empty())
    request.headers.push_back("X-Amz-Security-Token: " + credentials->session_token);
  auto answer = co_await http_.send(std::move(request));
  if (!answer) co_return std::unexpected(Ec2Error{.code = "", .error = within(where, answer.error())});
  if (answer->status == 200) co_return std::move(answer->body);
  if (const auto error = read_error(answer->body)) co_return std::unexpected(error_of(where, *error, action));
  co_return std::unexpected(foreign_answer(where, *answer));
}

}  // namespace hydra_provisioner::providers::ec2
