# Turns a list of jobs (JSON, see queue_runner.py) into a set of one derivation for each job, by name.
# A builder sleeps for the job's seconds and records where it ran. It only needs a
# /bin/sh that is busybox, which a machine puts into its sandbox with
# `sandbox-paths = /bin/sh=/bin/busybox`: Debian's busybox runs its applets without a PATH.
{ jobsFile }:
let
  jobs = builtins.fromJSON (builtins.readFile jobsFile);

  steps = builtins.listToAttrs (map (job: { inherit (job) name; value = step job; }) jobs);

  step = job: derivation {
    inherit (job) name system;
    requiredSystemFeatures = job.features;
    dependencies = map (name: steps.${name}) (job.depends_on or [ ]);
    builder = "/bin/sh";
    args = [ "-e" "-c" builder ];
    seconds = toString job.seconds;
  };

  # A sandbox hides the host's name and environment, but not which directory of the host is its
  # root: <store>/nix/store/<derivation>.chroot, the fourth field of the first mount. Each machine
  # has a store of its own, so this identifies the machine that built the job.
  builder = ''
    sleep "$seconds"
    read -r id parent device root rest < /proc/self/mountinfo
    echo "$(uname -m) ''${root%/nix/store/*}" > "$out"
  '';
in
steps
