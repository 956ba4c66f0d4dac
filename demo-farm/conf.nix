# The demo's configuration. demo.py copies it into the directory in which everything happens.
let
  directory = toString ./.;
in
{
  tag = "demo";
  statusCommand = [ "${directory}/queue_runner.py" "status" "--dir" "${directory}/queue-runner" ];
  machinesFile = "${directory}/machines";

  # The demo's queue runner reads the machines file every second, Hydra's every 30 s. And the
  # demo's reports a machine as idle only after its outputs were fetched; Hydra's may do so before.
  settle = 3;
  quiet = 2;

  systemTypes = {
    # Builds i686-linux as well.
    x86_64-linux = {
      maxMachines = 3;
      runnablesPerMachine = 5;
      maxJobs = 2;
      gracePeriod = 3;
      local = { bootSeconds = 2; };
    };

    "x86_64-linux:benchmark" = {
      maxMachines = 1;
      runnablesPerMachine = 5;
      gracePeriod = 3;
      local = { bootSeconds = 3; };
    };
  };
}
