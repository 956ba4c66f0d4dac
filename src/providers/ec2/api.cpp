#include "providers/ec2/api.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "io/text/wording.hpp"
#include "providers/ec2/answers.hpp"
#include "providers/ec2/form.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t answer_bytes_max = std::size_t{32} << 20;  // a page of 1,000 instances has about 5 MB
constexpr Seconds patience{60};

// Full jitter: those that were throttled together do not come back together.
milliseconds pause_before(int attempt) {
  static std::minstd_rand random{std::random_device{}()};
  const milliseconds longest = std::min(milliseconds{500} * (1 << std::min(attempt, 6)), milliseconds{20'000});
  return milliseconds{std::uniform_int_distribution<milliseconds::rep>(0, longest.count())(random)};
}

std::string what_to_do(const Ec2Complaint& complaint, Ec2Code meaning) {
  if (complaint.code == "RequestExpired" || complaint.code == "SignatureDoesNotMatch")
    return "; check the credentials, and this host's clock";
  if (meaning == Ec2Code::credentials) return "; check the credentials: they are wrong or have expired";
  if (meaning == Ec2Code::quota) return "; ask AWS for a higher quota, or lower maxMachines";
  if (complaint.code == "UnauthorizedOperation") return "; allow it to these credentials' identity";
  if (complaint.code.starts_with("Invalid")) return "; put the option right that names it";
  return "";
}

Ec2Error complaint_of(const std::string& where, const Ec2Complaint& complaint) {
  const Ec2Code meaning = meaning_of(complaint.code);
  std::string text = fmt::format("{}: {}: {:?}{}", where, io::shortened(complaint.code, 100),
                                 io::shortened(complaint.message, 300), what_to_do(complaint, meaning));
  const ErrorKind kind = meaning == Ec2Code::capacity ? ErrorKind::no_capacity : ErrorKind::failed;
  return {.code = complaint.code, .meaning = meaning, .error = {std::move(text), kind}};
}

// Not EC2 speaks, but something before it or in its place.
Ec2Error foreign(const std::string& where, const io::HttpAnswer& answer) {
  const bool may_pass = answer.status >= 500 || answer.status == 429;
  std::string text = fmt::format("{}: answers with status {} and no XML of EC2's: {:?}; is region or endpoint right?",
                                 where, answer.status, io::shortened(answer.body, 100));
  return {.code = "", .meaning = may_pass ? Ec2Code::passing : Ec2Code::unknown, .error = {std::move(text)}};
}

bool is_worth_another_try(const Ec2Error& error) {
  return error.meaning == Ec2Code::throttling || error.meaning == Ec2Code::passing;
}

// These are states of an instance, which do not pass within a minute.
bool is_about_an_instance(const Ec2Error& error) {
  return error.code.ends_with(".NotFound") || error.code == "IncorrectInstanceState";
}

}  // namespace

io::Task<Ec2Expected<std::string>> Ec2Api::call(Place place, std::string body) {
  const Instant begun = clock_.now();
  bool had_new_credentials = false;
  for (int attempt = 0;; ++attempt) {
    auto answer = co_await call_once(place, body);
    if (answer || is_about_an_instance(answer.error())) co_return answer;
    if (answer.error().meaning == Ec2Code::credentials && !std::exchange(had_new_credentials, true)) {
      credentials_.forget();
      continue;
    }
    const milliseconds pause = pause_before(attempt);
    const bool is_late = clock_.now() + std::chrono::ceil<seconds>(pause) > begun + patience;
    if (!is_worth_another_try(answer.error()) || is_late) co_return answer;
    co_await clock_.sleep_for(pause);
  }
}

io::Task<Ec2Expected<std::string>> Ec2Api::call_once(Place place, std::string body) {
  const auto credentials = co_await credentials_.get();
  if (!credentials) co_return std::unexpected(Ec2Error{.code = "", .error = credentials.error()});
  const std::string where = fmt::format("{} in {}", action_of(body), place.region);
  io::HttpRequest request{.method = "POST",
                          .url = url_of(place),
                          .headers = {"Content-Type: application/x-www-form-urlencoded; charset=utf-8"},
                          .body = std::move(body),
                          .signer = io::AwsSigner{.region = place.region,
                                                  .service = "ec2",
                                                  .access_key = credentials->access_key,
                                                  .secret_key = credentials->secret_key},
                          .deadline = seconds{30},
                          .answer_bytes_max = answer_bytes_max};
  if (!credentials->session_token.empty())
    request.headers.push_back("X-Amz-Security-Token: " + credentials->session_token);
  auto answer = co_await http_.send(std::move(request));
  if (!answer) co_return std::unexpected(Ec2Error{.code = "", .error = within(where, answer.error())});
  if (answer->status == 200) co_return std::move(answer->body);
  if (const auto complaint = read_complaint(answer->body)) co_return std::unexpected(complaint_of(where, *complaint));
  co_return std::unexpected(foreign(where, *answer));
}

}  // namespace hydra_provisioner::providers::ec2
