# The module in a virtual machine, beside a Hydra with the queue runner in C++: `nix build .#checks.x86_64-linux.vm`.
{ testers, jq, writeShellScript }:

testers.runNixOSTest {
  name = "hydra-provisioner";

  nodes.machine = { pkgs, ... }: {
    imports = [ ../module.nix ];
    virtualisation.memorySize = 2048;

    services.hydra = {
      enable = true;
      hydraURL = "http://localhost:3000";
      notificationSender = "hydra@localhost";
      extraConfig = "max_unsupported_time = 60";
    };

    services.hydra-provisioner = {
      enable = true;
      # A cloud without machines: no step waits, so none is asked for.
      settings.systemTypes.x86_64-linux.exec.command = [
        "${writeShellScript "empty-cloud" ''
          ${jq}/bin/jq '{requestId} + if .action == "describe" then {protocolVersion, abilities: []} else {machines: []} end'
        ''}"
      ];
    };
  };

  testScript = ''
    file = "/var/lib/hydra-machines/hydra-provisioner/provisioned.machines"
    conf = "/etc/hydra-provisioner/conf.nix"

    machine.wait_for_unit("hydra-queue-runner.service")
    with subtest("the machines file existed before the queue runner started, which reads it"):
        machine.succeed(f"grep -F x86-64-linux.placeholder.invalid {file}")
        machine.succeed(f"runuser -u hydra-queue-runner -- cat {file}")
        machine.succeed(f"systemctl show -P Environment hydra-queue-runner | grep -F {file}")
        started = "systemctl show -P ActiveEnterTimestampMonotonic"
        machine.succeed(f"[ $({started} hydra-provisioner) -lt $({started} hydra-queue-runner) ]")

    with subtest("it may ask the queue runner, and trusts what that says"):
        machine.wait_until_succeeds(f"hydra-provisioner status --check {conf}")

    with subtest("a restart and a reload leave it running"):
        machine.succeed("systemctl reload hydra-provisioner", "systemctl restart hydra-provisioner")
        machine.wait_for_unit("hydra-provisioner.service")

    with subtest("nearly everything is kept from it"):
        machine.succeed("systemd-analyze security --threshold=20 hydra-provisioner.service")
  '';
}
