# A farm as the first hydra-provisioner was configured, which still works.
{
  # The name of the provisioner, and what the names of its deployments begin with.
  tag = "my-farm";

  # How to ask the queue runner for its status, and how to hand it the machines file.
  sshCommand = [ "ssh" "root@hydra.example.org" "hydra-queue-runner" "--status" ];
  updateCommand = [ "ssh" "root@hydra.example.org" "cat > /var/lib/hydra/provisioned.machines" ];

  systemTypes = {

    x86_64-linux = {
      nixopsExpr = builtins.toPath ./deployment.nix;
      nixPath = [ "nixpkgs=/nix/nixpkgs" ./modules ];
      minMachines = 1;
      maxMachines = 12;
      ignoredRunnables = 250; # left to the machines in the basement
      runnablesPerMachine = 50;
      maxJobs = 4;
      speedFactor = 2;
      sshKey = "/var/lib/hydra/queue-runner/.ssh/id_farm";
      stopOnIdle = true;
      gracePeriod = 10 * 60;
    };

    "x86_64-linux:benchmark" = {
      nixopsExpr = ./deployment.nix;
    };

    /* Named without its systems' order. */
    "aarch64-linux,armv7l-linux" = { local = { store = "host"; bootSeconds = 3; }; };
  };
}
