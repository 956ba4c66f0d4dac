#include <atomic>
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/postgres_connection.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/silent_server.hpp"

namespace hydra_provisioner::io {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

PostgresError error_of_opening(const std::string& where, const std::atomic<bool>* give_up = nullptr) {
  const auto opened = PostgresConnection::open(where, seconds{60}, give_up);
  return opened ? PostgresError{.message = "connected", .sqlstate = {}} : opened.error();
}
std::string problem_of_opening(const std::string& where) { return error_of_opening(where).message; }

TEST(ConnectingToPostgres, IsGivenUpWhileAServerHangs) {
  const support::SilentServer server;
  const std::atomic<bool> give_up{true};
  EXPECT_THAT(error_of_opening(server.where(50), &give_up).message, EndsWith("failed: it is not waited for any more"));
}

TEST(ConnectingToPostgres, EndsWithAServerThatSaysNothing) {
  const support::SilentServer server;
  EXPECT_THAT(problem_of_opening(server.where(1)),
              AllOf(HasSubstr(fmt::format("\"127.0.0.1\", port {} failed: ", server.port())),
                    HasSubstr("the server did not answer within 1 s; look after the server, and the network")));
}

// Not the shared server, which would stay a child of this process: tests of processes expect none.
TEST(ConnectingToPostgres, GoesOnToTheNextServerWhereOneHangs) {
  const support::SilentServer server;
  const support::PostgresServer postgres;
  const std::string where = postgres.where();
  const std::string folder = where.substr(0, where.find(' ')).substr(std::string("host=").size());
  EXPECT_EQ(problem_of_opening(fmt::format("host=127.0.0.1,{} port={},5432 connect_timeout=1 user=farm dbname=postgres",
                                           folder, server.port())),
            "connected");
}

TEST(ConnectingToPostgres, SuspectsAnotherProgramWhereTheAnswerIsRubbish) {
  const support::SilentServer server("HTTP/1.1 400 Bad Request\r\n\r\n");
  for (const char* ssl : {" sslmode=disable", " sslmode=prefer"})
    EXPECT_THAT(problem_of_opening(server.where(50) + ssl),
                AllOf(HasSubstr("received"), HasSubstr("is that PostgreSQL?")));
}

TEST(ConnectingToPostgres, TellsOfEachServer) {
  const std::string message = problem_of_opening("host=/no/such/folder,/nor/this user=x dbname=x");
  EXPECT_THAT(message, AllOf(HasSubstr("/no/such/folder"), HasSubstr("; connection to server on socket \"/nor/this")));
}

TEST(ConnectingToPostgres, SaysWhatToDoAboutWhatTheServerRefuses) {
  const support::PostgresServer postgres;
  const std::string where = postgres.where();
  const PostgresError no_database = error_of_opening(where + " dbname=nowhere");
  EXPECT_EQ(no_database.sqlstate, "3D000");
  EXPECT_THAT(no_database.message, AllOf(EndsWith("FATAL:  database \"nowhere\" does not exist; make it with createdb"),
                                         Not(HasSubstr("LOCATION"))));
  const PostgresError no_role = error_of_opening(where + " user=stranger2");
  EXPECT_EQ(no_role.sqlstate, "28000");
  EXPECT_THAT(no_role.message, AllOf(HasSubstr("FATAL:  role \"stranger2\" does not exist; its role must exist"),
                                     HasSubstr("pg_hba.conf"), HasSubstr("sslmode=require")));
}

}  // namespace
}  // namespace hydra_provisioner::io
