# Makes a NixOS image or deployment a build machine of a farm that hydra-provisioner looks after.
#
#   imports = [ <hydra-provisioner/build-machine.nix> ];
#   services.hydra-provisioner.buildMachine = {
#     operatorKeys = [ "ssh-ed25519 AAAA… provisioner" ];
#     builder = pkgs.hydra-builder;    # for the queue runner in Rust; from the same revision as the queue runner
#   };
#
# With `builder`, the machine connects to Hydra's queue runner in Rust. Its name, the queue runner's address and a token
# come from lines `HYDRA_BUILDER_…:VALUE` of its user data. Without `builder`, the queue runner in C++ logs in over SSH.
{ config, lib, pkgs, ... }:

let
  settings = config.services.hydra-provisioner.buildMachine;
  usesRust = settings.builder != null;

  # What tells two revisions apart: not every package says from which commit it is.
  revision = package: package.src.rev or package.version or null;
  differs = settings.builder != null && settings.queueRunner != null
    && revision settings.builder != revision settings.queueRunner;

  # hydra-builder gets steps only while its build folder has room. It is told that the gate is its build folder; builds
  # still use that of the Nix daemon. The gate is closed until the provisioner opens it, so that a machine gets no steps
  # before the provisioner knows of it.
  #
  # BUILD_MACHINE_ROOT is for tests: a prefix of all paths.
  prepare = ''
    set -eu
    root=''${BUILD_MACHINE_ROOT-}
    folder=$root/run/hydra-builder
    umask 077
    mkdir -p "$folder"
    [ -e "$root/run/hydra-gate/closed" ] || [ -e "$folder/name" ] ||
      head -c 65536 /dev/zero > "$root/run/hydra-gate/closed" 2> /dev/null || true

    value() {  # NAME
      sed -n "s/^\(# \)\{0,1\}HYDRA_BUILDER_$1://p" "$root${settings.userDataFile}" | head -n 1
    }
    list() {  # NAME: as a TOML list
      value "$1" | sed 's/[^,][^,]*/"&"/g; s/^/[/; s/$/]/'
    }

    name=$(value NAME)
    endpoint=$(value ENDPOINT)
    if [ -z "$name" ] || [ -z "$endpoint" ]; then
      echo "$root${settings.userDataFile} has no HYDRA_BUILDER_NAME or no HYDRA_BUILDER_ENDPOINT" >&2
      exit 1
    fi
    echo "$name" > "$folder/name"
    echo "$endpoint" > "$folder/endpoint"
    value TOKEN > "$folder/token"
    {
      echo "pingInterval = ${toString settings.pingInterval}"
      echo "maxJobs = $(value MAX_JOBS)"
      echo "systems = $(list SYSTEMS)"
      echo "supportedFeatures = $(list SUPPORTED_FEATURES)"
      echo "mandatoryFeatures = $(list MANDATORY_FEATURES)"
    } > "$folder/builder.toml"

    # The queue runner knows a machine by its host name at the time when it connects.
    [ -n "$root" ] || ${settings.hostnameCommand} "$name"
    # A step that comes before the Nix daemon answers fails for good.
    attempts=0
    until [ -n "$root" ] || ${settings.daemonProbe} > /dev/null 2>&1; do
      attempts=$((attempts + 1))
      [ "$attempts" -lt 60 ] || { echo "the Nix daemon does not answer" >&2; exit 1; }
      sleep 1
    done
  '';

  run = ''
    folder=/run/hydra-builder
    set -- --gateway-endpoint "$(cat "$folder/endpoint")" --config-path "$folder/builder.toml"
    [ ! -s "$folder/token" ] || set -- "$@" --authorization-file "$folder/token"
    exec ${toString settings.builder}/bin/hydra-builder "$@" ${toString settings.builderArguments}
  '';
in
{
  imports = [ ./auto-shutdown.nix ];

  options.services.hydra-provisioner.buildMachine = {
    operatorKeys = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Public keys with which the provisioner logs in as root: the counterparts of sshKey.";
    };

    queueRunnerKeys = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Public keys of a queue runner in C++, which may only run nix-store --serve --write.";
    };

    isKeptAlive = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether the provisioner keeps it alive, as it does machines of NixOps: else it powers off.";
    };

    builder = lib.mkOption {
      type = lib.types.nullOr lib.types.package;
      default = null;
      description = "The package of hydra-builder, from the same revision as the queue runner in Rust.";
    };

    queueRunner = lib.mkOption {
      type = lib.types.nullOr lib.types.package;
      default = null;
      description = "The queue runner's package. If it is of another revision than builder, evaluation warns: they may not understand each other.";
    };

    features = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "The supportedFeatures and mandatoryFeatures of its type: Nix refuses steps that require others.";
    };

    builderArguments = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Further arguments of hydra-builder, such as those for certificates (mTLS).";
    };

    pingInterval = lib.mkOption {
      type = lib.types.int;
      default = 3;
      description = "Seconds between two pings of hydra-builder: that soon a machine is seen open or closed.";
    };

    userDataFile = lib.mkOption {
      type = lib.types.str;
      default = "/etc/ec2-metadata/user-data";
      description = "Where the image keeps its user data.";
    };

    hostnameCommand = lib.mkOption {
      type = lib.types.str;
      default = "hostname";
      description = "Sets the host name, its argument.";
    };

    daemonProbe = lib.mkOption {
      type = lib.types.str;
      default = "nix --extra-experimental-features nix-command store ping --store daemon";
      description = "Succeeds when the Nix daemon answers.";
    };
  };

  config = {
    services.hydra-provisioner.autoShutdown.enable = settings.isKeptAlive;
    services.openssh.enable = true;
    users.users.root.openssh.authorizedKeys.keys = settings.operatorKeys
      ++ map (key: ''command="nix-store --serve --write",restrict ${key}'') settings.queueRunnerKeys;
    # A connection that is gone must not hold its step for hours.
    services.openssh.extraConfig = ''
      ClientAliveInterval 30
      ClientAliveCountMax 3
    '';

    warnings = lib.optional differs
      "services.hydra-provisioner.buildMachine: builder (${toString (revision settings.builder)}) and queueRunner (${toString (revision settings.queueRunner)}) are of different revisions: take both from one";

    nix.gc.automatic = true;
    nix.gc.options = "--max-freed $((20 * 1024 ** 3))";
    # How many steps it gets is the queue runner's business: each of them has a Nix of its own to build it, which only
    # must not be told to build none, as hosts are that leave all to others. Who logs in is root, whom Nix trusts.
    nix.settings = {
      max-jobs = lib.mkDefault "auto";
      # The store must not fill up between two rounds of garbage collection: then it gets no steps, or fails them.
      min-free = lib.mkDefault (5 * 1024 * 1024 * 1024);
      max-free = lib.mkDefault (20 * 1024 * 1024 * 1024);
    } // lib.optionalAttrs (settings.features != [ ]) {
      # Beside those that NixOS gives a machine unless it is told which.
      system-features = [ "nixos-test" "benchmark" "big-parallel" "kvm" ] ++ settings.features;
    };

    systemd = lib.mkIf usesRust {
      mounts = [ {
        what = "tmpfs";
        where = "/run/hydra-gate";
        type = "tmpfs";
        options = "size=64k,mode=0755";
        wantedBy = [ "hydra-builder.service" ];
        before = [ "hydra-builder.service" ];
      } ];

      services.hydra-builder = {
        description = "Builds steps of Hydra";
        wantedBy = [ "multi-user.target" ];
        after = [ "network-online.target" "nix-daemon.socket" "apply-ec2-data.service" ];
        wants = [ "network-online.target" ];
        requires = [ "run-hydra\\x2dgate.mount" ];
        path = [ pkgs.nix pkgs.hostname pkgs.gnused pkgs.gnugrep pkgs.coreutils ];
        environment.NIX_CONFIG = "build-dir = /run/hydra-gate";
        preStart = prepare;
        script = run;
        serviceConfig = {
          Restart = "always";
          RestartSec = 5;
        };
      };
    };
  };
}
