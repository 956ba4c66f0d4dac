// What the world can do to us. An error's message says what, where and what to do, on one line; it gains context as it
// rises.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace hydra_provisioner {

enum class ErrorKind {
  failed,          // anything without a kind of its own below
  timed_out,       // a deadline passed; the other side may still have acted
  refused,         // will never work for this target: trying again is useless
  already_exists,  // somebody else holds or made it
  unfinished,      // a part is done; calling again may do the rest
  no_capacity,     // the cloud has none for now: nothing was made, and nothing is wrong with us
  unanswered,      // the answer will be there for one who asks again
  untouched,       // nothing was done: all is as it was before
};

struct Error {
  std::string message;
  ErrorKind kind = ErrorKind::failed;

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
