#include "io/file/descriptor.hpp"

#include <cerrno>
#include <cstddef>

#include <unistd.h>

namespace hydra_provisioner::io {

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  const Descriptor replaced(std::exchange(number_, other.release()));
  return *this;
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(number_);
}

bool write_all(const Descriptor& descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor.number(), text.data(), text.size());
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace hydra_provisioner::io
