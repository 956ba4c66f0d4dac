#include "app/status/status_document.hpp"

#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "pass/documents.hpp"

namespace hydra_provisioner::app {

void add_passes(io::Json& document, const LastPass& last) {
  document["lastPass"] = last.began == Instant{} ? io::Json(nullptr) : io::Json(to_unix(last.began));
  document["passMaker"] = nullptr;
  if (last.maker)
    document["passMaker"] = {
        {"process", last.maker->process}, {"host", last.maker->host}, {"since", to_unix(last.maker->since)}};
  document["standbys"] = io::Json::array();
  for (const state::Standby& standby : last.standbys)
    document["standbys"].push_back(
        {{"process", standby.host.process}, {"host", standby.host.name}, {"seen", to_unix(standby.seen)}});
  document["unpublished"] = nullptr;
  if (last.unpublished)
    document["unpublished"] = {{"since", to_unix(last.unpublished->since)}, {"why", last.unpublished->why}};
}

io::Json status_document(const Preview& seen) {
  io::Json document = pass::status_document(seen.look, seen.plan);
  add_passes(document, seen.last_pass);
  return document;
}

}  // namespace hydra_provisioner::app
