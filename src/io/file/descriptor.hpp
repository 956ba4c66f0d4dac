// File descriptors that close themselves.
#pragma once

#include <string_view>
#include <utility>

namespace hydra_provisioner::io {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }  // the caller closes it

 private:
  int number_ = -1;
};

// Writes all of the text, however many calls that takes. False: errno says why not.
bool write_all(const Descriptor& descriptor, std::string_view text);

}  // namespace hydra_provisioner::io
