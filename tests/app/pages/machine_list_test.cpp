#include "app/pages/machine_list.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::app::pages {
namespace {

using testing::HasSubstr;
using testing::Not;

using support::plain;

// So many ready machines, t-0 and so on; every third one is of another type.
class Machines : public testing::Test {
 protected:
  void make(std::size_t count) {
    machines_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      Machine& machine = machines_[i];
      machine.id = MachineId{fmt::format("t-{}", i)};
      machine.pool = i % 3 == 0 ? PoolName{"i686-linux"} : plain;
      machine.state = MachineState::ready;
      machine.address = fmt::format("10.0.{}.{}", i / 256, i % 256);
      rows_.push_back({.machines = {&machine}});
    }
  }
  Machine& machine(std::size_t number) { return machines_.at(number); }
  void note(std::size_t number, std::string text) { rows_.at(number).note = {Condition::bad, std::move(text)}; }

  std::string shown(const std::map<std::string, std::string>& query = {}) const {
    return machine_list(rows_, machine_query(query)).text();
  }
  static std::size_t rows_in(std::string_view html) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = html.find("<th class=\"name\" scope=\"row\">", at)) != std::string_view::npos; ++at)
      ++count;
    return count;
  }

 private:
  std::vector<Machine> machines_;
  std::vector<MachineRow> rows_;
};

TEST_F(Machines, ShareARowIfTheSameIsToBeSaid) {
  make(9'000);
  EXPECT_EQ(rows_in(shown()), 2u);
  EXPECT_THAT(shown(), HasSubstr("<caption>9000 machines</caption>"));
  EXPECT_THAT(shown(), HasSubstr("<a href=\"/?q=&amp;type=i686-linux&amp;state=ready&amp;page=1#machines\">3000 "
                                 "machines</a>"));
}

TEST_F(Machines, AreFoundByNameAddressAndNote) {
  make(300);
  note(7, "has not answered for 5 min");
  EXPECT_EQ(rows_in(shown({{"q", " T-299 "}})), 1u);
  EXPECT_EQ(rows_in(shown({{"q", "10.0.1."}})), 44u);
  EXPECT_THAT(shown({{"q", "not answered"}}), HasSubstr("<a href=\"/machines/t-7\">t-7</a>"));
  EXPECT_THAT(shown({{"q", "nothing"}}), HasSubstr("<p>0 of 300 machines found</p>"));
}

TEST_F(Machines, AreFoundByTypeAndState) {
  make(30);
  machine(5).state = MachineState::draining;
  EXPECT_EQ(rows_in(shown({{"type", "i686-linux"}})), 10u);
  EXPECT_EQ(rows_in(shown({{"type", plain.text}, {"state", "draining"}})), 1u);
  EXPECT_EQ(rows_in(shown({{"type", "i686-linux"}, {"state", "draining"}})), 0u);
  EXPECT_THAT(shown({{"state", "draining"}}), HasSubstr("<option value=\"draining\" selected=\"selected\">"));
}

TEST_F(Machines, AreShownAHundredAtATime) {
  make(250);
  const std::string first = shown({{"q", "t-"}});
  EXPECT_EQ(rows_in(first), 100u);
  EXPECT_THAT(first, HasSubstr("page 1 of 3"));
  EXPECT_THAT(first, HasSubstr("/?q=t-&amp;type=&amp;state=&amp;page=2#machines\">next</a>"));
  EXPECT_THAT(first, Not(HasSubstr(">previous<")));
  const std::string last = shown({{"q", "t-"}, {"page", "3"}});
  EXPECT_EQ(rows_in(last), 50u);
  EXPECT_THAT(last, HasSubstr(">previous<"));
  EXPECT_THAT(last, Not(HasSubstr(">next<")));
  for (const char* beyond : {"4", "99999999999", "18446744073709551615"})
    EXPECT_EQ(shown({{"q", "t-"}, {"page", beyond}}), last) << beyond;
  for (const char* wrong : {"0", "-1", "x", ""}) EXPECT_EQ(shown({{"q", "t-"}, {"page", wrong}}), first) << wrong;
}

TEST_F(Machines, ShowTextOfOthersAsText) {
  make(1);
  note(0, "<script>alert(1)</script>");
  machine(0).address = "\"><b>";
  const std::string html = shown({{"q", "\"><i>"}, {"type", "<u>"}});
  EXPECT_THAT(html, HasSubstr("value=\"&quot;&gt;&lt;i&gt;\""));
  EXPECT_THAT(shown() + html, Not(testing::ContainsRegex("<(script|b|i|u)>")));
}

}  // namespace
}  // namespace hydra_provisioner::app::pages
