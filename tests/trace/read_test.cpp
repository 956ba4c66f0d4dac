#include "trace/read.hpp"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"
#include "trace/compression.hpp"
#include "trace/write.hpp"

namespace hydra_provisioner::trace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* header = "ready_at,duration_s,system,features,name\n";

std::string error_of(const std::string& text, const ColumnMapping& mapping = {}) {
  const auto trace = read_trace(text, mapping);
  return trace ? "" : trace.error().message;
}

std::string error_of_row(const std::string& row) { return error_of(header + row + "\n"); }

TEST(Trace, IsReadInAnyOrderOfRowsAndSortedByTime) {
  const auto trace =
      read_trace(std::string(header) + "200,10,x86_64-linux,,late\n100,2.5,aarch64-linux,kvm big,early\n");
  ASSERT_TRUE(trace) << trace.error().message;
  ASSERT_EQ(trace->steps.size(), 2u);
  EXPECT_EQ(trace->steps[0].name, "early");
  EXPECT_EQ(trace->steps[0].ready_at, Millis{100'000});
  EXPECT_EQ(trace->steps[0].duration, Millis{2'500});
  EXPECT_EQ(trace->step_types[trace->steps[0].type], "aarch64-linux:big,kvm");
  EXPECT_EQ(trace->step_types[trace->steps[1].type], "x86_64-linux");
}

TEST(Trace, MayHaveMoreColumnsAndQuotedFields) {
  const auto trace =
      read_trace("\xEF\xBB\xBFname,who,system,ready_at,duration_s\r\n\"a, \"\"b\"\"\nc\",x,i686-linux,1,2\r\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->steps.at(0).name, "a, \"b\"\nc");
}

TEST(Trace, CountsOverheadToTheDuration) {
  const auto trace = read_trace("ready_at,duration_s,system,overhead_s\n0,10,x86_64-linux,1.5\n0,10,x86_64-linux,\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->steps[0].duration, Millis{11'500});
  EXPECT_EQ(trace->steps[1].duration, Millis{10'000});
}

TEST(Trace, RefusesOverheadThatMakesAStepTooLong) {
  const auto trace = read_trace("ready_at,duration_s,system,overhead_s\n0,31622400,x86_64-linux,0.5\n");
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().message,
            R"(line 2: overhead_s: "0.5" is with duration_s more than 31622400; are these seconds?)");
}

TEST(Trace, LeavesOutTheFeatureThatAnyMachineSatisfies) {
  const auto trace = read_trace(std::string(header) + "0,1,x86_64-linux,local,\n0,1,x86_64-linux,,\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_THAT(trace->step_types, ElementsAre("x86_64-linux"));
}

TEST(Trace, NamesLineAndColumnOfAnError) {
  EXPECT_EQ(error_of_row("0,-5,x86_64-linux,,"), "line 2: duration_s: \"-5\" is negative");
  EXPECT_EQ(error_of_row("soon,5,x86_64-linux,,"), "line 2: ready_at: \"soon\" is not a number of seconds");
  EXPECT_EQ(error_of_row(",5,x86_64-linux,,"), "line 2: ready_at: \"\" is not a number of seconds");
  EXPECT_EQ(error_of_row("nan,5,x86_64-linux,,"), "line 2: ready_at: \"nan\" is not a number of seconds");
  EXPECT_THAT(error_of_row("0,1e300,x86_64-linux,,"), HasSubstr("line 2: duration_s: \"1e300\" is more than 31622400"));
  EXPECT_THAT(error_of_row("0,1e999,x86_64-linux,,"), HasSubstr("line 2: duration_s: \"1e999\" is out of range"));
  EXPECT_THAT(error_of_row("inf,1,x86_64-linux,,"), HasSubstr("line 2: ready_at: \"inf\" is more than"));
  EXPECT_THAT(error_of_row("0,1,x86 64,,"), HasSubstr("line 2: system: \"x86 64\" is not a system"));
  EXPECT_THAT(error_of_row("0,1,,,"), HasSubstr("line 2: system: \"\" is not a system"));
  EXPECT_THAT(error_of_row("0,1,x86_64-linux,a;b,"), HasSubstr("line 2: system, features: \"a;b\""));
  EXPECT_THAT(error_of_row("0,1,\"x86_64-linux,i686-linux\",,"), HasSubstr("line 2: system: "));
  EXPECT_EQ(error_of_row("0,1,x86_64-linux,\n0,1"), "line 2: 4 columns, the header has 5; is the file truncated?");
  EXPECT_EQ(error_of_row("0,1,x86_64-linux,,\n0,1,x86_64-lin"),
            "line 3: 3 columns, the header has 5; is the file truncated?");
  EXPECT_EQ(error_of_row("0,1,x86_64-linux,,,7"), "line 2: 6 columns, the header has 5");
  EXPECT_THAT(error_of_row("0,1,x86_64-linux,,\"open"), HasSubstr("line 2: a quoted field does not end"));
}

TEST(Trace, CountsTheLinesOfQuotedFields) {
  EXPECT_EQ(error_of_row("0,1,x86_64-linux,,\"two\nlines\"\n\n0,-1,x86_64-linux,,"),
            "line 5: duration_s: \"-1\" is negative");
}

TEST(Trace, IsNotEmpty) {
  EXPECT_THAT(error_of(""), HasSubstr("empty, without even a header; expected ready_at,duration_s"));
  EXPECT_THAT(error_of("\n\n"), HasSubstr("empty"));
  EXPECT_EQ(error_of(header), "no step in it, only a header");
}

TEST(Trace, HasTheColumnsThatItNeedsOnce) {
  EXPECT_EQ(error_of("ready_at,system\n"), "line 1: no column \"duration_s\"; there are ready_at, system");
  EXPECT_EQ(error_of("ready_at,duration_s,system,ready_at\n"), "line 1: two columns \"ready_at\"");
}

TEST(Trace, DoesNotMixRelativeAndAbsoluteTimes) {
  EXPECT_THAT(error_of_row("1700000000,1,x86_64-linux,,\n5,1,x86_64-linux,,"),
              HasSubstr("line 2: ready_at: more than 20 years after line 3"));
}

TEST(Trace, HasDependencies) {
  const auto trace = read_trace(
      "ready_at,duration_s,system,name,depends_on\n5,10,x86_64-linux,c,a "
      "b\n0,10,x86_64-linux,a,\n1,30,x86_64-linux,b,a\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_THAT(trace->steps[2].depends_on, ElementsAre(0, 1));
  EXPECT_THAT(ready_without_waiting(*trace), ElementsAre(Millis{0}, Millis{10'000}, Millis{40'000}));
}

TEST(Trace, HasNoDependencyThatCannotBeMet) {
  const std::string columns = "ready_at,duration_s,system,name,depends_on\n";
  EXPECT_EQ(error_of(columns + "0,1,x86_64-linux,a,b\n"), "line 2: depends_on: no step is called \"b\"");
  EXPECT_EQ(error_of(columns + "0,1,x86_64-linux,a,\n0,1,x86_64-linux,a,\n0,1,x86_64-linux,c,a\n"),
            "line 4: depends_on: more than one step is called \"a\"");
  EXPECT_EQ(error_of(columns + "0,1,x86_64-linux,x,\n0,1,x86_64-linux,a,b\n0,1,x86_64-linux,b,a\n"),
            "line 3: depends_on: the steps depend on each other in a circle");
}

TEST(Trace, TakesColumnsOfOtherNamesAndValuesForAllRows) {
  const auto mapping = parse_mapping({"ready_at=submit_unix", "duration_s=took", "system:=x86_64-linux"});
  ASSERT_TRUE(mapping);
  const auto trace = read_trace("submit_unix,took\n1596073872,9894\n", *mapping);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->step_types[trace->steps[0].type], "x86_64-linux");
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(begin_of(*trace)).time_since_epoch().count(), 1596073872);
  EXPECT_EQ(error_of("submit_unix\n", *mapping), "line 1: no column \"took\"; there are submit_unix");
}

TEST(ColumnMapping, SaysWhatIsWrongWithIt) {
  EXPECT_EQ(parse_mapping({"ready_at"}).error().message,
            "\"ready_at\" is not COLUMN=NAME, such as ready_at=submit_unix, or COLUMN:=VALUE");
  EXPECT_THAT(parse_mapping({"ready=x"}).error().message,
              HasSubstr("\"ready\" is not a column of a trace; columns: ready_at"));
  EXPECT_EQ(parse_mapping({"name=x", "name:=y"}).error().message, "name is given twice");
}

TEST(Trace, IsTheSameAfterItWasWritten) {
  const std::string text =
      "ready_at,duration_s,system,features,name,depends_on\n1,0.5,x86_64-linux,,a,\n2,60,i686-linux,benchmark "
      "kvm,\"b,\",a\n";
  const auto trace = read_trace(text);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace_text(*trace), text);
}

TEST(Trace, RelativeOnesBeginOnAMonday) {
  const auto trace = read_trace(std::string(header) + "86400,1,x86_64-linux,,\n");
  ASSERT_TRUE(trace);
  EXPECT_EQ(begin_of(*trace), relative_times_begin + std::chrono::hours{24});
  EXPECT_EQ(std::chrono::weekday(relative_times_begin), std::chrono::Monday);
}

class TraceFile : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) {
    const std::string path = folder_.path + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  support::TemporaryFolder folder_;
  std::string text_ = std::string(header) + "0,1,x86_64-linux,,step\n";
};

TEST_F(TraceFile, IsReadCompressedOrNot) {
  for (const Compression how : {Compression::none, Compression::gzip, Compression::zstd}) {
    const auto trace = read_trace_file(write("trace", compress(text_, how)));
    ASSERT_TRUE(trace) << trace.error().message;
    EXPECT_EQ(trace->steps.at(0).name, "step");
  }
}

TEST_F(TraceFile, MayBeSeveralCompressedOnesInARow) {
  const auto gzip = read_trace_file(
      write("trace.gz", compress(text_, Compression::gzip) + compress("5,1,x86_64-linux,,b\n", Compression::gzip)));
  ASSERT_TRUE(gzip) << gzip.error().message;
  EXPECT_EQ(gzip->steps.size(), 2u);
}

TEST_F(TraceFile, ThatIsCutOffOrDamagedIsAnError) {
  for (const Compression how : {Compression::gzip, Compression::zstd}) {
    const std::string whole = compress(text_, how);
    for (std::size_t length = 5; length < whole.size(); ++length)
      EXPECT_FALSE(read_trace_file(write("trace", whole.substr(0, length)))) << length;
    std::string damaged = whole;
    damaged[whole.size() / 2] ^= 0x55;
    EXPECT_FALSE(read_trace_file(write("trace", damaged)));
  }
}

TEST_F(TraceFile, IsNamedInErrorsAsCompilersNameFiles) {
  const std::string bad = write("bad.csv", std::string(header) + "0,-1,x86_64-linux,,\n");
  EXPECT_EQ(read_trace_file(bad).error().message, bad + ":2: duration_s: \"-1\" is negative");
  const std::string empty = write("empty.csv", "");
  EXPECT_THAT(read_trace_file(empty).error().message, HasSubstr(empty + ": empty"));
  EXPECT_THAT(read_trace_file("/does/not/exist").error().message, HasSubstr("there is no such file"));
  EXPECT_THAT(read_trace_file("/").error().message, HasSubstr("not a regular file"));
}

// As many bytes as were asked for, and no more.
TEST(Compression, RefusesBombsBeforeTheyFillTheMemory) {
  const std::string zeros(100'000'000, '0');
  for (const Compression how : {Compression::gzip, Compression::zstd}) {
    const Source bomb = decompressed(source_of(compress(zeros, how)), 1'000'000'000);
    std::size_t bytes = 0;
    Expected<std::string> piece = bomb();
    for (; piece && !piece->empty(); piece = bomb()) bytes += piece->size();
    ASSERT_FALSE(piece);
    EXPECT_THAT(piece.error().message, HasSubstr("more than 200 times larger"));
    EXPECT_LT(bytes, 20'000'000U);
  }
}

TEST_F(TraceFile, MayBeLargerThanWhatIsReadAtOnce) {
  std::string text = text_;
  for (int row = 0; row < 100'000; ++row)
    text += fmt::format("{},{},x86_64-linux,,\"step\n{}\"\n", row, row % 977, row);
  for (const Compression how : {Compression::none, Compression::gzip, Compression::zstd}) {
    const auto trace = read_trace_file(write("trace", compress(text, how)));
    ASSERT_TRUE(trace) << trace.error().message;
    EXPECT_EQ(trace->steps.size(), 100'001U);
  }
  const std::string bad = write("bad", text + "x\n");
  EXPECT_THAT(read_trace_file(bad).error().message, HasSubstr(bad + ":200003: 1 columns"));
  EXPECT_THAT(read_trace_file(write("long", text_ + std::string(9'000'000, '1'))).error().message, HasSubstr("bytes"));
}

TEST(Compression, HasALimitForItsResult) {
  const std::string zeros(1'000'000, '0');
  for (const Compression how : {Compression::none, Compression::gzip, Compression::zstd}) {
    EXPECT_THAT(decompress(compress(zeros, how), 999'999).error().message, HasSubstr("more than"));
    EXPECT_EQ(decompress(compress(zeros, how), 1'000'000)->size(), zeros.size());
  }
}

}  // namespace
}  // namespace hydra_provisioner::trace
