// Parts of URLs (RFC 3986).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace hydra_provisioner::io {

// As one segment of a path, or one part of a query: all but letters, digits and -._~ as `%41`.
std::string in_url(std::string_view text);

// What a part of a URL means. A percent sign that begins no escape stands for itself.
std::string from_url(std::string_view part);

// `q=a+b&page=2`, as browsers send forms. Of two of a name, the last one counts.
std::map<std::string, std::string> parse_query(std::string_view query);

}  // namespace hydra_provisioner::io
