#include "providers/nixops/program/messages.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner::providers {
namespace {

std::string raised(const std::string& last_line) {
  return "Traceback (most recent call last):\n  File \"/bin/nixops\", line 9, in <module>\n    main()\n" + last_line +
         "\n";
}

TEST(CauseOf, ATracebackIsItsLastLineWithoutTheClass) {
  EXPECT_EQ(nixops::cause_of(raised("Exception: invalid deployment name ‘0bad’")), "invalid deployment name ‘0bad’");
  EXPECT_EQ(nixops::cause_of("created deployment ‘9567a2d0’\n" +
                             raised("ValueError: Neither flake.nix nor nixops.nix exists in /etc/provisioner/empty")),
            "Neither flake.nix nor nixops.nix exists in /etc/provisioner/empty");
  EXPECT_EQ(nixops::cause_of(raised("botocore.exceptions.ClientError: An error occurred (AuthFailure)")),
            "An error occurred (AuthFailure)");
}

TEST(CauseOf, AnExceptionThatWouldTellNothingKeepsItsClass) {
  EXPECT_EQ(nixops::cause_of(raised("KeyError: 'machine'")), "KeyError: 'machine'");
  EXPECT_EQ(nixops::cause_of(raised("AssertionError")), "AssertionError");
}

TEST(CauseOf, OrdinaryWordsBeforeAColonAreNoClass) {
  EXPECT_EQ(nixops::cause_of("machine> chown: invalid group: 'root:keys'"), "chown: invalid group: 'root:keys'");
  EXPECT_EQ(nixops::cause_of("foo.service: it failed badly"), "foo.service: it failed badly");
  EXPECT_EQ(nixops::cause_of("Warning: two words"), "Warning: two words");
}

TEST(CauseOf, ProgressIsShownWithoutItsDots) {
  EXPECT_EQ(nixops::cause_of("machine> waiting for SSH......................"), "waiting for SSH");
  EXPECT_EQ(nixops::cause_of("waiting for exclusive deployment lock...\n"), "waiting for exclusive deployment lock");
  EXPECT_EQ(nixops::cause_of("a...........> text."), "text.");
}

TEST(CauseOf, WrongUsageIsWhatArgparseSays) {
  EXPECT_EQ(nixops::cause_of("usage: nixops [-h] [--version] [--pdb] operation ...\n"
                             "nixops: error: unrecognized arguments: -s /var/tmp/x.nixops\n"),
            "unrecognized arguments: -s /var/tmp/x.nixops");
}

TEST(CauseOf, AFailedEvaluationIsNixsFirstErrorAndItsPlace) {
  EXPECT_EQ(nixops::cause_of(R"(error: syntax error, unexpected ID, expecting '.' or '='

       at /etc/provisioner/net1/deployment2.nix:1:10:

            1| { syntax error
             |          ^
error: evaluation of the deployment specification failed
)"),
            "syntax error, unexpected ID, expecting '.' or '=' at /etc/provisioner/net1/deployment2.nix:1:10");
  EXPECT_EQ(
      nixops::cause_of(R"(error: anonymous function at /etc/net2/nixops.nix:2:1 called without required argument 'type'

       at /usr/lib/nixops/nix/eval-machine-info.nix:12:43:

           11| let

       … while evaluating 'call'
error: evaluation of the deployment specification failed
)"),
      "anonymous function at /etc/net2/nixops.nix:2:1 called without required argument 'type'");
}

TEST(CauseOf, AFailedEvaluationByANewerNixIsTheErrorBelowTheTrace) {
  EXPECT_EQ(nixops::cause_of("error:\n       … while calling 'import'\n         at /a.nix:1:1:\n\n"
                             "       error: attribute 'x' missing\n       at /etc/b.nix:3:5:\n            2| {\n"
                             "error: evaluation of the deployment specification failed\n"),
            "attribute 'x' missing at /etc/b.nix:3:5");
}

TEST(CauseOf, AFailedEvaluationWithoutACauseIsItself) {
  EXPECT_EQ(nixops::cause_of("error: evaluation of the deployment specification failed\n"),
            "evaluation of the deployment specification failed");
}

TEST(CauseOf, AFailedBuildIsNixsFirstError) {
  EXPECT_EQ(nixops::cause_of("building all machine configurations...\n"
                             "error: builder for '/nix/store/x-boom.drv' failed with exit code 1;\n"
                             "       last 1 log lines:\n       > boom\n"
                             "error: 1 dependencies of derivation '/nix/store/y.drv' failed to build\n" +
                             raised("Exception: unable to build all machine configurations")),
            "builder for '/nix/store/x-boom.drv' failed with exit code 1");
}

TEST(CauseOf, AFailedActivationIsWhyItFailed) {
  const std::string start =
      "hydra-provisioned-0> closures copied successfully\n"
      "machine> activating the configuration (machine, action switch)...\n"
      "machine> error: ";
  const std::string end = "\n" + raised("Exception: activation of 1 of 1 machines failed (namely on ‘machine’)");
  EXPECT_EQ(nixops::cause_of(start + raised("Exception: unable to activate new configuration (exit code 4)") + end),
            "unable to activate new configuration (exit code 4)");
  EXPECT_EQ(
      nixops::cause_of(start +
                       raised("Exception: the new configuration requires a reboot of 'machine' to take effect (hint: "
                              "use ‘--allow-reboot’)") +
                       end),
      "the new configuration requires a reboot of 'machine' to take effect (hint: use ‘--allow-reboot’)");
  EXPECT_EQ(nixops::cause_of("Exception: activation of 1 of 1 machines failed (namely on ‘machine’)"),
            "activation of 1 of 1 machines failed (namely on ‘machine’)");
}

constexpr const char* ssh_failed =
    "command ‘['ssh', '-x', 'root@198.51.100.11', '-S', '/run/nixops/nixops-ssh-tmp7scgb1ig/master-socket', '-M', "
    "'-N', '-f', '-oNumberOfPasswordPrompts=3', '-oServerAliveInterval=60', '-oControlPersist=600', '-C', '-o', "
    "'StrictHostKeyChecking=accept-new', '-o', 'UserKnownHostsFile=/etc/provisioner/known_hosts', '-i', "
    "'/run/nixops/nixops-tmpn5z8z6tn/id_nixops-machine']’ failed on machine ‘machine’ (exit code 255)";

TEST(CauseOf, AFailedCommandIsWhatItSaid) {
  EXPECT_EQ(nixops::cause_of("machine> ssh: connect to host 198.51.100.11 port 22: No route to host\n"
                             "machine> could not connect to ‘root@198.51.100.11’, retrying in 8 seconds...\n"
                             "machine> ssh: connect to host 198.51.100.11 port 22: No route to host\n" +
                             raised(std::string("nixops.util.CommandFailed: ") + ssh_failed)),
            "ssh exited with 255: ssh: connect to host 198.51.100.11 port 22: No route to host");
  EXPECT_EQ(nixops::cause_of("machine> waiting for SSH...\n" +
                             raised(std::string("nixops.util.CommandFailed: ") + ssh_failed)),
            "ssh exited with 255");
  EXPECT_EQ(nixops::cause_of("nixops.util.CommandFailed: " + std::string(ssh_failed)), "ssh exited with 255");
}

TEST(CauseOf, AFailedCommandOfAnActivationIsWhatItSaid) {
  const std::string command =
      "command ‘['ssh', 'root@198.51.100.11', '--', \"bash -c 'chown root:keys  /run/keys'\"]’ "
      "failed on machine ‘machine’ (exit code 1)";
  EXPECT_EQ(nixops::cause_of("hydra-provisioned-0> closures copied successfully\n"
                             "machine> chown: invalid group: 'root:keys'\n"
                             "machine> error: " +
                             raised("nixops.util.CommandFailed: " + command) +
                             "\nDuring handling of the above exception, another exception occurred:\n\n" +
                             raised("nixops.ssh_util.SSHCommandFailed: " + command) + "\n" +
                             raised("Exception: activation of 1 of 1 machines failed (namely on ‘machine’)")),
            "ssh exited with 1: chown: invalid group: 'root:keys'");
}

TEST(CauseOf, SeveralExceptionsAreTheFirst) {
  EXPECT_EQ(
      nixops::cause_of("error: Multiple exceptions (2): \n  * machine: no such AMI\n  * default: no such key\n\n"),
      "machine: no such AMI");
  EXPECT_EQ(nixops::cause_of("error: Multiple exceptions (2): \n"), "Multiple exceptions (2):");
}

TEST(CauseOf, AVanishedInstanceComesWithoutTheAdviceThatLeaksOne) {
  EXPECT_EQ(nixops::cause_of(
                raised("Exception: EC2 instance ‘machine’ went away; use ‘--allow-recreate’ to create a new one")),
            "EC2 instance ‘machine’ went away");
}

TEST(CauseOf, AnErrorOfBotoIsItsExceptionAndNotTheBodyOfTheAnswer) {
  const std::string exception = "boto.exception.EC2ResponseError: EC2ResponseError: 500 INTERNAL SERVER ERROR";
  EXPECT_EQ(nixops::cause_of(raised(exception + "\nNone")), "EC2ResponseError: 500 INTERNAL SERVER ERROR");
  EXPECT_EQ(nixops::cause_of(raised(exception + "\n<html>\n<p>something</p>\n</html>")),
            "EC2ResponseError: 500 INTERNAL SERVER ERROR");
  EXPECT_EQ(nixops::cause_of(raised("boto.exception.EC2ResponseError: EC2ResponseError: 403 Forbidden\n"
                                    "<?xml version=\"1.0\"?>\n<Response><Errors><Error><Code>AuthFailure</Code>"
                                    "<Message>not valid</Message></Error></Errors></Response>")),
            "EC2ResponseError: 403 Forbidden: AuthFailure (not valid)");
}

TEST(CauseOf, SilenceIsEmpty) {
  EXPECT_EQ(nixops::cause_of(""), "");
  EXPECT_EQ(nixops::cause_of(" \n\r\n\t\n"), "");
}

TEST(CauseOf, AnyTextGivesOneShortLine) {
  EXPECT_LE(nixops::cause_of("Exception: " + std::string(100'000, 'x')).size(), 310u);
  EXPECT_EQ(nixops::cause_of("machine> error: \x1b[31mbad\x07 thing\x1b[0m"), "bad  thing");
  EXPECT_EQ(nixops::cause_of("..."), "");
  EXPECT_EQ(nixops::cause_of("error: "), "error:");
  EXPECT_EQ(nixops::cause_of("> x"), "> x");
}

}  // namespace
}  // namespace hydra_provisioner::providers
