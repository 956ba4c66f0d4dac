#include "io/text/hash.hpp"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace hydra_provisioner::io {

std::string content_hash(std::string_view content) {
  const boost::uuids::name_generator_sha1 generator(boost::uuids::ns::oid());
  return to_string(generator(content.data(), content.size()));
}

}  // namespace hydra_provisioner::io
