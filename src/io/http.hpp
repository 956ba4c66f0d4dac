// HTTP requests. Certificates are verified, redirections are not followed.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// AWS signature, version 4. Only for POST to the path `/`: libcurl 7.88 signs other requests wrongly.
struct AwsSigner {
  std::string region;
  std::string service;
  std::string access_key;
  std::string secret_key;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers{};  // `Name: value`
  std::string body{};                  // of a POST
  std::optional<AwsSigner> signer{};
  bool is_direct = false;  // never through a proxy, whatever the environment says
  std::chrono::milliseconds deadline{30'000};
  std::size_t answer_bytes_max = std::size_t{1} << 20;
};

struct HttpAnswer {
  long status = 0;
  std::string body;
};

class Http {
 public:
  // An answer of any status is a success. Fails when no server listens, a certificate is wrong, the deadline passes
  // (ErrorKind::timed_out) or the answer is too large. Cancelling it ends the request within a second.
  Task<Expected<HttpAnswer>> send(HttpRequest request);

 private:
  std::unique_ptr<boost::asio::thread_pool> threads_;  // for libcurl, which blocks; null before the first request
};

}  // namespace hydra_provisioner::io
