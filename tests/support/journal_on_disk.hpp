// A journal in a file, for tests of what reads it.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "state/archive.hpp"
#include "state/sqlite_journal.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::support {

class JournalOnDisk {
 public:
  std::string file() const { return folder_.path + "/a.sqlite"; }

  state::JournalPlace place() const { return {.tag = Tag{"a"}, .file = file()}; }

  void commit(state::Changes changes) {
    context_.restart();
    auto written = boost::asio::co_spawn(context_, journal_->commit(std::move(changes)), boost::asio::use_future);
    context_.run();
    if (const auto done = written.get(); !done) throw std::runtime_error(done.error().message);
  }
  void commit(state::PassRecord pass) {
    state::Changes changes;
    changes.pass = std::move(pass);
    commit(std::move(changes));
  }
  state::Archive archive() const { return state::Archive::open(place()).value(); }
  void close() { journal_.reset(); }

 private:
  TemporaryFolder folder_;
  boost::asio::io_context context_;  // outlives the journal's thread
  std::unique_ptr<state::SqliteJournal> journal_ = state::SqliteJournal::open(file()).value();
};

}  // namespace hydra_provisioner::support
