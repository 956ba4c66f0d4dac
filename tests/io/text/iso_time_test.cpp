#include "io/text/iso_time.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hydra_provisioner::io {
namespace {

const Instant time_of_day = from_unix(1'795'628'028);

TEST(IsoTime, IsWrittenInUtc) { EXPECT_EQ(iso_time(time_of_day), "2026-11-25T17:33:48Z"); }

TEST(IsoTime, IsReadWithFractionsAndTimeZones) {
  for (const char* text : {"2026-11-25T17:33:48Z", "2026-11-25T17:33:48.000Z", "2026-11-25T17:33:48",
                           "2026-11-25T17:33:48+00:00", "2026-11-25T19:03:48.5+01:30", "2026-11-25T12:33:48-05:00"})
    EXPECT_EQ(parse_iso_time(text), time_of_day) << text;
}

TEST(IsoTime, IsNothingElse) {
  for (const char* text :
       {"", "now", "2026-11-25", "2026-11-25 17:33:48Z", "2026-13-25T17:33:48Z", "2026-02-30T17:33:48Z",
        "2026-11-25T24:33:48Z", "2026-11-25T17:60:48Z", "2026-11-25T17:33:4Z", "2026-11-25T17:33:48 CET",
        "2026-11-25T17:33:48+1", "-026-11-25T17:33:48Z"})
    EXPECT_EQ(parse_iso_time(text), std::nullopt) << text;
}

RC_GTEST_PROP(IsoTime, IsReadAsItIsWritten, ()) {
  const Instant time = from_unix(*rc::gen::inRange<std::int64_t>(0, 100'000'000'000));
  RC_ASSERT(parse_iso_time(iso_time(time)) == time);
}

RC_GTEST_PROP(IsoTime, IsReadFromAnyTextWithoutHarm, (const std::string& text)) { parse_iso_time(text); }

}  // namespace
}  // namespace hydra_provisioner::io
