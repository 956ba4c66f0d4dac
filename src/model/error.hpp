// Errors that the outside world can cause. A message says what is wrong, where, and what to do, on one line; callers
// add context in front of it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "model/enum_names.hpp"

namespace hydra_provisioner {

enum class ErrorKind {
  failed,          // every error that has no kind of its own below
  timed_out,       // a deadline passed; the other side may still have acted
  refused,         // it can never succeed for this machine: trying again is useless
  already_exists,  // another process holds it or has made it
  unfinished,      // a part is done; calling again may do the rest
  no_capacity,     // the cloud has none for now: nothing was made, and the request was right
  unanswered,      // not answered yet; ask again later
  untouched,       // nothing changed
  still_works,     // the machine could not be changed, and works as before
};

template <>
inline constexpr auto names_of<ErrorKind> = enum_names("failed", "timed out", "refused", "already exists", "unfinished",
                                                       "no capacity", "unanswered", "untouched", "still works");

// Why a machine could not be made or started, for those who count that.
enum class FailureClass : std::uint8_t {
  other,
  capacity,  // the cloud has none for now
  quota,     // the account may not have more
  config,    // the configuration or the credentials are wrong
  boot,      // it did not get ready in time
};
template <>
inline constexpr auto names_of<FailureClass> = enum_names("other", "capacity", "quota", "config", "boot");

struct Error {
  std::string message;
  ErrorKind kind = ErrorKind::failed;
  FailureClass failure_class = FailureClass::other;  // where a job has found it out

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Expected = std::expected<T, Error>;

// `hydra-provisioned-7: ` before the message.
inline Error within(std::string_view context, Error error) {
  error.message.insert(0, std::string(context) + ": ");
  return error;
}

inline std::unexpected<Error> failure(std::string message, ErrorKind kind = ErrorKind::failed) {
  return std::unexpected(Error{std::move(message), kind});
}

}  // namespace hydra_provisioner
