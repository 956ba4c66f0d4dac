// The pages of a machine, of a type and of a pass, from the journal: what `explain` and `replay` show.
#pragma once

#include <functional>
#include <string>

#include "html/markup.hpp"
#include "io/listener.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app::pages {

// `news`: as in html_page(). `plots` is called if the page has room for them.
io::Page machine_page(const state::Archive& journal, const std::string& name, const std::string& news, bool as_json);
io::Page type_page(const state::Archive& journal, const std::string& name, const std::function<html::Markup()>& plots,
                   const std::string& news, bool as_json);
io::Page pass_page(const state::Archive& journal, const std::string& number, bool as_json);

}  // namespace hydra_provisioner::app::pages
