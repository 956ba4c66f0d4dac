#include "io/process/processes.hpp"

#include <csignal>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "tests/io/process/process_of_a_test.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::io {
namespace {

// No other run of these tests has it.
std::string own_value(const std::string& name) { return name + "=" + std::to_string(::getpid()); }

Process seen(const ProcessOfATest& process) {
  const auto found = look_at(process.id);
  EXPECT_TRUE(found);
  return found.value_or(Process{});
}

TEST(Processes, AreSeenWithTheirParentAndSession) {
  const ProcessOfATest child;
  const ProcessOfATest leader({}, Group::session);
  const Processes all = all_processes();
  ASSERT_TRUE(all.contains(child.id) && all.contains(leader.id) && all.contains(::getpid()));
  EXPECT_EQ(all.at(child.id).parent, ::getpid());
  EXPECT_EQ(all.at(child.id).session, ::getsid(0));
  EXPECT_EQ(all.at(leader.id).session, leader.id);
  EXPECT_EQ(all.at(child.id).name, "sleep");
  EXPECT_GE(all.at(child.id).started, all.at(::getpid()).started);
  EXPECT_EQ(all.at(child.id), seen(child));
}

TEST(Processes, MayHaveAnyName) {
  const support::TemporaryFolder folder;
  const std::string program = folder.path + "/) Z 1 (x) 2";
  ASSERT_TRUE(replace_file(program, "#!/bin/sh\nread line <'" + folder.path + "/never'\n", 0700));
  ASSERT_EQ(::mkfifo((folder.path + "/never").c_str(), 0600), 0);
  const ProcessOfATest child({}, Group::of_its_own, program);
  EXPECT_EQ(seen(child).name, ") Z 1 (x) 2");
  EXPECT_EQ(seen(child).parent, ::getpid());
  EXPECT_EQ(command_line(child.id), "/bin/sh " + program + " 100000");
}

TEST(Processes, AreNotFoundAfterTheirEnd) {
  const ProcessOfATest child;
  const Process before = seen(child);
  kill_all({{child.id, before}});
  EXPECT_EQ(child.ending(), SIGKILL) << "it is waited for";
  EXPECT_FALSE(look_at(child.id)) << "although it has not been reaped";
  EXPECT_FALSE(all_processes().contains(child.id));
  EXPECT_EQ(command_line(child.id), "");
  EXPECT_FALSE(look_at(0));
}

TEST(Processes, AreFoundByTheirEnvironment) {
  const std::string mark = own_value("HYDRA_PROVISIONER_MARK");
  const ProcessOfATest with({mark, "OTHER=1"});
  const ProcessOfATest last({"OTHER=1", mark});
  const ProcessOfATest longer({mark + "0"});
  const ProcessOfATest other_name({"X" + mark});
  const ProcessOfATest within({"OTHER= " + mark});
  const Processes found = processes_with(mark);
  EXPECT_EQ(found.size(), 2);
  EXPECT_TRUE(found.contains(with.id) && found.contains(last.id));
  EXPECT_TRUE(has_in_environment(with.id, mark));
  EXPECT_FALSE(has_in_environment(longer.id, mark));
}

TEST(Processes, OfOtherUsersAreNotFoundByTheirEnvironment) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to start a process of another user";
  const support::TemporaryFolder folder;
  const std::string program = folder.path + "/other-user";
  ASSERT_TRUE(replace_file(program, "#!/bin/sh\nexec setpriv --reuid 12345 --clear-groups sleep \"$@\"\n", 0755));
  const std::string mark = own_value("HYDRA_PROVISIONER_MARK");
  const ProcessOfATest other({mark}, Group::of_its_own, program);
  while (seen(other).name != "sleep") std::this_thread::yield();
  EXPECT_FALSE(has_in_environment(other.id, mark));
  EXPECT_TRUE(processes_with(mark).empty());
}

TEST(Processes, AreFoundAlsoWhileTheyReplaceThemselves) {
  const support::TemporaryFolder folder;
  const std::string program = folder.path + "/restless";
  ASSERT_TRUE(replace_file(program, "#!/bin/sh\nexec \"$0\"\n", 0700));
  const std::string mark = own_value("HYDRA_PROVISIONER_MARK");
  const ProcessOfATest restless({mark}, Group::of_its_own, program);
  for (int look = 0; look < 2000; ++look) ASSERT_TRUE(has_in_environment(restless.id, mark)) << "at look " << look;
}

TEST(Processes, AreDetachedInASessionOfTheirOwn) {
  const std::string mark = own_value("HYDRA_PROVISIONER_MARK");
  const ProcessOfATest attached_one({mark});
  const ProcessOfATest leader({"sh", "-c", "sleep 100000 & wait"}, {mark}, Group::session);
  Processes found;
  while (found.size() < 3) found = processes_with(mark);
  const Processes left = attached(found);
  EXPECT_EQ(left.size(), 1);
  EXPECT_TRUE(left.contains(attached_one.id));
  found.erase(leader.id);
  EXPECT_EQ(attached(found).size(), 2) << "a session whose leader has ended belongs to no process";
  kill_all(processes_with(mark));
}

TEST(Processes, AreSignalledOnlyWhileTheyAreTheSame) {
  const ProcessOfATest child;
  Process predecessor = seen(child);
  --predecessor.started;
  send_signal(predecessor, SIGKILL);
  kill_all({{child.id, predecessor}});
  EXPECT_TRUE(look_at(child.id)) << "another process that had its id was meant";
  send_signal(seen(child), SIGTERM);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child.id), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(info.si_status, SIGTERM);
}

TEST(Processes, AreKilledAllButOurselves) {
  const std::string mark = own_value("HYDRA_PROVISIONER_MARK");
  const ProcessOfATest one({mark});
  const ProcessOfATest two({mark}, Group::session);
  Processes doomed = processes_with(mark);
  doomed.emplace(::getpid(), *look_at(::getpid()));
  kill_all(doomed);
  EXPECT_EQ(one.ending(), SIGKILL);
  EXPECT_EQ(two.ending(), SIGKILL);
}

TEST(ProcessId, IsAPositiveNumberAndNothingElse) {
  EXPECT_EQ(process_id("1"), 1);
  EXPECT_EQ(process_id("4194304"), 4194304);
  for (const std::string text : {"", "0", "-1", "+1", " 1", "1 ", "1x", "x", "99999999999"})
    EXPECT_FALSE(process_id(text)) << text;
}

TEST(Processes, ThatRunVirtualMachinesAreLeftOut) {
  Processes processes;
  for (const char* name :
       {"VBoxHeadless", "qemu-system-x86", "libvirtd", "virtqemud", ".qemu-system-x8", "ssh", "nixops"}) {
    const auto id = static_cast<pid_t>(processes.size() + 1);
    processes[id] = Process{.id = id, .name = name};
  }
  std::string left;
  for (const auto& [id, process] : without_hypervisors(processes)) left += process.name + " ";
  EXPECT_EQ(left, "ssh nixops ");
}

}  // namespace
}  // namespace hydra_provisioner::io
