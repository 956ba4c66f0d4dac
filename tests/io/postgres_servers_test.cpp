#include "io/postgres_servers.hpp"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> wheres(const std::string& where) {
  std::vector<std::string> all;
  for (const PostgresServer& server : servers_of(where)) all.push_back(server.where);
  return all;
}

TEST(PostgresServers, AreOneWhereOneIsNamed) {
  EXPECT_THAT(wheres("host=127.0.0.1 dbname=farm"), ElementsAre("dbname='farm' host='127.0.0.1'"));
  EXPECT_THAT(wheres("dbname=farm"), ElementsAre("dbname='farm'"));
}

TEST(PostgresServers, AreThoseOfAListEachWithItsPort) {
  EXPECT_THAT(wheres("host=127.0.0.1,/run/postgresql port=1,2"),
              ElementsAre("host='127.0.0.1' port='1'", "host='/run/postgresql' port='2'"));
  EXPECT_THAT(wheres("postgresql://127.0.0.1,127.0.0.2:7/farm"),
              ElementsAre("dbname='farm' host='127.0.0.1' port=''", "dbname='farm' host='127.0.0.2' port='7'"));
  EXPECT_THAT(wheres("host=127.0.0.1,127.0.0.2 port=5"),
              ElementsAre("host='127.0.0.1' port='5'", "host='127.0.0.2' port='5'"));
  EXPECT_THAT(wheres("host=a,b hostaddr=127.0.0.1,127.0.0.2"),
              ElementsAre("host='a' hostaddr='127.0.0.1'", "host='b' hostaddr='127.0.0.2'"));
}

TEST(PostgresServers, OfListsThatDoNotFitAreLeftToLibpq) {
  EXPECT_THAT(wheres("host=a,b port=1,2,3"), ElementsAre("host='a,b' port='1,2,3'"));
}

TEST(PostgresServers, MayBeNamedByAServiceFile) {
  const support::TemporaryFolder folder;
  const std::string file = folder.path + "/services";
  std::ofstream(file) << "[farm]\nhost=/no/such/folder,/nor/this\ndbname=machines\n";
  ::setenv("PGSERVICEFILE", file.c_str(), 1);
  const auto servers = wheres("service=farm");
  ::unsetenv("PGSERVICEFILE");
  EXPECT_THAT(servers, ElementsAre(AllOf(HasSubstr("host='/no/such/folder'"), HasSubstr("dbname='machines'")),
                                   AllOf(HasSubstr("host='/nor/this'"), Not(HasSubstr("service=")))));
}

TEST(PostgresServers, HaveTheTimeThatTheOperatorGivesThem) {
  EXPECT_EQ(servers_of("host=a connect_timeout=3").front().timeout, std::chrono::seconds{3});
  EXPECT_EQ(servers_of("host=a connect_timeout=-1").front().timeout, std::chrono::seconds{0});
  EXPECT_EQ(servers_of(connection_string("host=a")).front().timeout, std::chrono::seconds{10});
}

}  // namespace
}  // namespace hydra_provisioner::io
