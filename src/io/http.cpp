#include "io/http.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/waypoint.hpp"
#include "io/file/descriptor.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::size_t threads_max = 4;

// Shared by the coroutine that sends the request and the thread that waits for the answer. Either may end last.
struct Call {
  HttpRequest request;
  Descriptor done;  // an eventfd, readable once `answer` is set
  std::atomic<bool> is_abandoned = false;
  std::atomic<bool> is_answered = false;  // orders `answer` between the threads, which the eventfd does not promise
  Expected<HttpAnswer> answer = failure("no answer yet");
};

// Tells the thread that the coroutine no longer waits for the answer.
class AbandonAtExit {
 public:
  explicit AbandonAtExit(std::shared_ptr<Call> call) : call_(std::move(call)) {}
  AbandonAtExit(const AbandonAtExit&) = delete;
  AbandonAtExit& operator=(const AbandonAtExit&) = delete;
  ~AbandonAtExit() { call_->is_abandoned = true; }

 private:
  std::shared_ptr<Call> call_;
};

// The part of an answer that has arrived.
struct Arrival {
  HttpAnswer answer;
  std::size_t bytes_max;
  bool is_too_large = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* user) {
  auto& arrival = *static_cast<Arrival*>(user);
  const std::size_t bytes = size * count;
  arrival.is_too_large = bytes > arrival.bytes_max - arrival.answer.body.size();
  if (arrival.is_too_large) return 0;  // ends the transfer
  arrival.answer.body.append(data, bytes);
  return bytes;
}

int is_abandoned(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Call*>(user)->is_abandoned ? 1 : 0;
}

struct CloseList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, CloseList>;

struct CloseHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;

HeaderList headers_of(const HttpRequest& request) {
  HeaderList headers;
  for (const std::string& header : request.headers) headers.reset(curl_slist_append(headers.release(), header.c_str()));
  return headers;
}

void sign(CURL* handle, const AwsSigner& signer) {
  curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, fmt::format("aws:amz:{}:{}", signer.region, signer.service).c_str());
  curl_easy_setopt(handle, CURLOPT_USERNAME, signer.access_key.c_str());
  curl_easy_setopt(handle, CURLOPT_PASSWORD, signer.secret_key.c_str());
}

void set_up(CURL* handle, const HttpRequest& request, const HeaderList& headers) {
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  if (request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  } else if (request.method != "GET") {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (request.is_direct) curl_easy_setopt(handle, CURLOPT_PROXY, "");
  if (request.signer) sign(handle, *request.signer);
}

Error error_of(CURLcode code, const char* what, const Call& call, const Arrival& arrival) {
  const std::string& url = call.request.url;
  if (arrival.is_too_large)
    return {fmt::format("{}: answers with more than {}", url, byte_count(call.request.answer_bytes_max))};
  if (code == CURLE_OPERATION_TIMEDOUT)
    return {fmt::format("{}: no answer within {}", url, seconds_text(call.request.deadline)), ErrorKind::timed_out};
  return {fmt::format("{}: {}", url, *what != '\0' ? what : curl_easy_strerror(code))};
}

Expected<HttpAnswer> perform(Call& call) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const Handle handle(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle) return failure("libcurl cannot be used");
  const HeaderList headers = headers_of(call.request);
  Arrival arrival{.answer = {}, .bytes_max = call.request.answer_bytes_max};
  char what[CURL_ERROR_SIZE] = "";
  set_up(handle.get(), call.request, headers);
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, what);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &arrival);
  curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, is_abandoned);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &call);
  const CURLcode code = curl_easy_perform(handle.get());
  if (code != CURLE_OK) return std::unexpected(error_of(code, what, call, arrival));
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &arrival.answer.status);
  return std::move(arrival.answer);
}

// Runs on a thread, which may outlive the coroutine's io_context: so it announces the answer through an eventfd only.
void answer(Call& call) {
  call.answer = perform(call);
  call.is_answered.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(call.done.number(), &one, sizeof one);
}

}  // namespace

Task<Expected<HttpAnswer>> Http::send(HttpRequest request) {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->done = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const int own = ::fcntl(call->done.number(), F_DUPFD_CLOEXEC, 3);
  if (own < 0)
    co_return failure(fmt::format("{}: cannot duplicate a descriptor: {}", call->request.url, os_error(errno)));
  boost::asio::posix::stream_descriptor done(co_await boost::asio::this_coro::executor, own);
  const AbandonAtExit abandon(call);
  waypoint("http.before-send");
  if (!threads_) threads_ = std::make_unique<boost::asio::thread_pool>(threads_max);
  boost::asio::post(*threads_, [call] { answer(*call); });
  co_await done.async_wait(boost::asio::posix::stream_descriptor::wait_read, boost::asio::use_awaitable);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(own, &count, sizeof count);
  waypoint("http.after-answer");
  if (!call->is_answered.load(std::memory_order_acquire))
    co_return failure(fmt::format("{}: its answer got lost", call->request.url));
  co_return std::move(call->answer);
}

}  // namespace hydra_provisioner::io
