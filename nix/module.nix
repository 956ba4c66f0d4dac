# services.hydra-provisioner: the daemon as a service of NixOS, once or several times. docs/nixos.md shows its use.
{ config, lib, pkgs, ... }:

let
  inherit (lib) types;

  top = config.services.hydra-provisioner;
  hydra = config.services.hydra;
  settingsOptions = import ./settings.nix { inherit lib; };
  hardening = import ./hardening.nix { inherit lib; };

  defaultUser = "hydra-provisioner";
  unitOf = name: if name == "" then "hydra-provisioner" else "hydra-provisioner-${name}";
  # Hydra's own folder belongs to Hydra alone; and systemd-tmpfiles makes no folder below one of another user.
  machinesFolderOf = name: "/var/lib/hydra-machines/${unitOf name}";

  instanceOptions = name: {
    settings = lib.mkOption {
      type = settingsOptions.typeWith { machinesFile = "${machinesFolderOf name}/provisioned.machines"; };
      default = { };
      description = ''
        The configuration, with the options of docs/configuration.md. Those that are not set have the program's defaults;
        only machinesFile has another one: /var/lib/hydra-machines/UNIT/provisioned.machines. All of it can be read by
        every user of this host: name files for secrets, see `credentials`.
      '';
    };

    configFile = lib.mkOption {
      type = types.nullOr types.path;
      default = null;
      description = ''
        A configuration in a file of its own, instead of `settings`. As a string it is read where it is, and the daemon
        reads it again whenever it changes.
      '';
    };

    machinesFile = lib.mkOption {
      type = types.nullOr types.str;
      default = null;
      description = ''
        With `configFile`: the machinesFile that it names, so that the service may write there and Hydra reads it.
      '';
    };

    user = lib.mkOption {
      type = types.str;
      default = defaultUser;
      description = ''
        The user of the service, made by this module unless another one is named. `local` machines need "root", for which
        nothing is kept from the service.
      '';
    };

    group = lib.mkOption {
      type = types.str;
      default = defaultUser;
      description = "The group of the service, made by this module unless another one is named.";
    };

    extraGroups = lib.mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Further groups, such as those that may read keys. Where Hydra runs on this host, `hydra` is one.";
    };

    path = lib.mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages with programs that the settings name without a path, such as NixOps. Nix and ssh are there.";
    };

    credentials = lib.mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = { builder-token = "/run/keys/builder-token"; };
      description = ''
        Files with secrets, which only root need be able to read. The service finds NAME as
        /run/credentials/UNIT.service/NAME.
      '';
    };
  };

  instanceModule = { name, ... }: { options = instanceOptions name; };

  instances = lib.optional top.enable { name = ""; instance = top; }
    ++ lib.mapAttrsToList (name: instance: { inherit name instance; }) top.instances;

  describe = { name, instance }: rec {
    inherit name;
    inherit (instance) user extraGroups path credentials configFile;
    group = if user == "root" && instance.group == defaultUser then "root" else instance.group;
    unit = unitOf name;
    option = if name == "" then "services.hydra-provisioner" else "services.hydra-provisioner.instances.${name}";
    written = settingsOptions.written instance.settings;
    systemTypes = lib.attrValues (written.systemTypes or { });
    usesLocal = lib.any (type: type ? local) systemTypes;
    machinesFile = if configFile != null then instance.machinesFile else written.machinesFile or null;
    hasOwnFolder = machinesFile == "${machinesFolderOf name}/provisioned.machines";
    isReadByHydra = hydra.enable && machinesFile != null;
    stateFolder = "/var/lib/${unit}";
    file = if configFile != null then settingsOptions.pathText configFile else "/etc/${unit}/conf.nix";
  };

  all = map describe instances;
  ofDefaultUser = lib.filter (it: it.user == defaultUser) all;
  readByHydra = lib.filter (it: it.isReadByHydra) all;
  withOwnFolder = lib.filter (it: it.hasOwnFolder) all;
  withSettings = lib.filter (it: it.configFile == null) all;

  # A string that was read from the store refers to what it names, and fromJSON takes no such string.
  confFile = it: pkgs.writeText "${it.unit}.nix" ''
    # Written by NixOS from ${it.option}.settings.
    builtins.fromJSON (builtins.unsafeDiscardStringContext (builtins.readFile
      ${(pkgs.formats.json { }).generate "${it.unit}.json" it.written}))
  '';

  program = "${top.package}/bin/hydra-provisioner";

  # The queue runner aborts steps of types that it does not know, so it must not start before the machines file exists. A
  # pass needs no queue runner: it lists a placeholder for each type. It may also begin to create machines; it need not
  # wait for them, and the daemon goes on with them. Whatever goes wrong is the daemon's to report and to try again.
  firstPass = it: ''
    [ -e ${lib.escapeShellArg it.machinesFile} ] ||
      ${pkgs.coreutils}/bin/timeout 30 ${program} ${lib.escapeShellArg it.file} || true
  '';

  # The daemon as such could start after the queue runner, but must not: see firstPass. It does not want the queue runner
  # either, because Hydra stops that one when the disk is full, and it should stay stopped then.
  order = it:
    if it.isReadByHydra then { before = [ "hydra-queue-runner.service" ]; after = [ ]; }
    else { before = [ ]; after = [ "hydra-queue-runner.service" "hydra-queue-runner-dev.service" ]; };

  environment = it: {
    HOME = it.stateFolder;
    XDG_CACHE_HOME = "/var/cache/${it.unit}";
    # Operations go on while the service is restarted, which takes away its /tmp.
    TMPDIR = "/run/${runtimeFolder it}";
  } // lib.optionalAttrs hydra.enable {
    # hydra-queue-runner --status asks Hydra's database.
    HYDRA_DBI = hydra.dbi;
    HYDRA_CONFIG = "/var/lib/hydra/hydra.conf";
    HYDRA_DATA = "/var/lib/hydra";
  };

  # Short, because sockets of ssh are made there: their names have at most 108 bytes.
  runtimeFolder = it: if it.name == "" then "provisioner-tmp" else "hp-${it.name}";

  writtenFolders = it: map (file: "-${dirOf file}")
    (lib.filter (file: file != null)
      [ it.machinesFile (it.written.sshConfigFile or null) (it.written.metricsFile or null) ]);

  serviceConfig = it: hardening { inherit (it) user; } // {
    Type = "notify";
    ExecStart = lib.escapeShellArgs [ program "daemon" it.file ];
    # A wrong configuration makes the reload fail, and the old one stays in force.
    ExecReload = [
      (lib.escapeShellArgs [ program "check" it.file ])
      "${pkgs.coreutils}/bin/kill -HUP $MAINPID"
    ];
    User = it.user;
    Group = it.group;
    SupplementaryGroups = it.extraGroups ++ lib.optional hydra.enable "hydra";
    StateDirectory = it.unit;
    StateDirectoryMode = "0700";
    LogsDirectory = it.unit;
    LogsDirectoryMode = "0700";
    CacheDirectory = it.unit;
    CacheDirectoryMode = "0700";
    RuntimeDirectory = runtimeFolder it;
    RuntimeDirectoryMode = "0700";
    RuntimeDirectoryPreserve = true;
    ReadWritePaths = writtenFolders it;
    UMask = "0077";
    LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") it.credentials;
    Restart = "always";
    RestartSec = 10;
    # Creations and destructions go on without the daemon, and its next start sees their results.
    KillMode = "process";
    TimeoutStopSec = 60;
    WatchdogSec = 300;
  };

  serviceOf = it: lib.nameValuePair it.unit {
    description = "Provisioner of build machines for Hydra" + lib.optionalString (it.name != "") " (${it.name})";
    wantedBy = [ "multi-user.target" ];
    wants = [ "network-online.target" ];
    after = [ "network-online.target" "nix-daemon.socket" "hydra-init.service" ] ++ (order it).after;
    inherit (order it) before;
    path = [ config.nix.package pkgs.openssh ] ++ lib.optional hydra.enable hydra.package
      ++ lib.optional it.usesLocal pkgs.util-linux ++ it.path;
    environment = environment it;
    preStart = lib.optionalString it.isReadByHydra (firstPass it);
    reloadTriggers = lib.optional (it.configFile == null) (confFile it);
    serviceConfig = serviceConfig it;
  };

  assignments = lib.mapAttrsToList (name: value:
    lib.escapeShellArg "${name}=${toString value}" + lib.optionalString (name == "PATH") ":\"$PATH\"");

  # For an administrator: the program as the service runs it, so with its user, its journal and its environment. Who gave an
  # order stays in SUDO_USER. Another user gets the program as it is, for what needs no journal.
  commandOf = it: lib.hiPrio (pkgs.writeShellScriptBin it.unit ''
    case "$(id -un)" in
      ${lib.optionalString (it.user != "root") ''root) exec ${pkgs.util-linux}/bin/runuser -u ${it.user} -- "$0" "$@" ;;''}
      ${it.user}) exec env STATE_DIRECTORY=${it.stateFolder} LOGS_DIRECTORY=/var/log/${it.unit} ${
        lib.optionalString (it.credentials != { }) "CREDENTIALS_DIRECTORY=/run/credentials/${it.unit}.service "}${
        lib.concatStringsSep " " (assignments (lib.filterAttrs (name: value: value != null)
          config.systemd.services.${it.unit}.environment))} ${program} "$@" ;;
      *) exec ${program} "$@" ;;
    esac
  '');

  assertionsOf = it: [
    {
      assertion = it.configFile == null || removeAttrs it.written [ "machinesFile" ] == { };
      message = "${it.option}: both settings and configFile are given; keep one of them";
    }
    {
      assertion = it.configFile != null || it.systemTypes != [ ];
      message = "${it.option}: neither settings.systemTypes nor configFile is given; add one of them";
    }
    {
      assertion = !it.usesLocal || it.user == "root";
      message = "${it.option}: local machines need root; add user = \"root\"; or take another provider";
    }
  ];

  # A tag names the journal, the lock and the machines.
  tags = map (it: it.written.tag or "hydra-provisioned") withSettings;

  listens = lib.concatMap (it: lib.optional (it.written ? metricsListen) it.written.metricsListen) all;
  hasMetrics = lib.any (it: it.configFile != null || it.written ? metricsListen || it.written ? metricsFile) all;

  hasLocalDatabase = hydra.enable && lib.hasPrefix "dbi:Pg:dbname=hydra;user=hydra;" hydra.dbi;
in
{
  options.services.hydra-provisioner = {
    enable = lib.mkOption {
      type = types.bool;
      default = false;
      description = "Whether to run the daemon that provides Hydra's build machines.";
    };

    package = lib.mkOption {
      type = types.package;
      default = pkgs.hydra-provisioner or (pkgs.callPackage ../package.nix { });
      defaultText = lib.literalExpression "pkgs.hydra-provisioner";
      description = "The package of hydra-provisioner.";
    };

    instances = lib.mkOption {
      type = types.attrsOf (types.submodule instanceModule);
      default = { };
      description = ''
        Further daemons, each with a configuration, a tag and a unit hydra-provisioner-NAME of its own. They do not need
        `enable`, which is that of the unnamed one.
      '';
    };

    prometheus.enable = lib.mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether the Prometheus of this host has the alerts of hydra-provisioner, and scrapes all `settings.metricsListen`.
      '';
    };
  } // instanceOptions "";

  config = lib.mkIf (all != [ ]) {
    assertions = lib.concatMap assertionsOf all ++ [
      {
        assertion = lib.unique tags == tags;
        message = "services.hydra-provisioner: two instances have the same settings.tag; give each its own";
      }
      {
        assertion = top.prometheus.enable -> hasMetrics;
        message = "services.hydra-provisioner.prometheus: no instance has settings.metricsListen; "
          + "add one, such as \"127.0.0.1:9817\"";
      }
    ];

    warnings = lib.optional (readByHydra != [ ] && !(lib.hasInfix "max_unsupported_time" hydra.extraConfig)) (
      "services.hydra-provisioner: add \"max_unsupported_time = 60\" to services.hydra.extraConfig, or Hydra aborts "
      + "queued steps of a type that you add to a running farm");

    environment.systemPackages = [ top.package ] ++ map commandOf all;

    environment.etc = lib.listToAttrs
      (map (it: lib.nameValuePair "${it.unit}/conf.nix" { source = confFile it; }) withSettings);

    systemd.services = lib.listToAttrs (map serviceOf all);

    systemd.tmpfiles.rules = lib.optional (withOwnFolder != [ ]) "d /var/lib/hydra-machines 0755 root root -"
      ++ map (it: "d ${dirOf it.machinesFile} 0755 ${it.user} ${it.group} -") withOwnFolder
      # What local machines give builds as /bin/sh.
      ++ lib.optional (lib.any (it: it.usesLocal) all) "L+ /bin/busybox - - - - ${pkgs.busybox-sandbox-shell}/bin/busybox";

    users.users = lib.optionalAttrs (ofDefaultUser != [ ]) {
      ${defaultUser} = {
        isSystemUser = true;
        group = defaultUser;
        home = "/var/lib/hydra-provisioner";
        description = "Provisioner of build machines";
        # Also for commands that are run as this user by hand.
        extraGroups = lib.unique (lib.concatMap (it: it.extraGroups) ofDefaultUser ++ lib.optional hydra.enable "hydra");
      };
    };
    users.groups = lib.optionalAttrs (lib.any (it: it.group == defaultUser) all || ofDefaultUser != [ ]) {
      ${defaultUser} = { };
    };

    # Where nothing is defined, Hydra reads /etc/nix/machines if there are such machines: that stays so.
    services.hydra.buildMachinesFiles = lib.mkIf (readByHydra != [ ]) (
      lib.optional (config.nix.buildMachines != [ ]) "/etc/nix/machines" ++ map (it: it.machinesFile) readByHydra);

    # PostgreSQL lets in users of this host whom this map names.
    services.postgresql.identMap = lib.mkIf hasLocalDatabase (lib.concatMapStrings
      (user: "hydra-users ${user} hydra\n")
      (lib.filter (user: user != "root") (lib.unique (map (it: it.user) all))));

    services.prometheus = lib.mkIf top.prometheus.enable {
      ruleFiles = [ ../prometheus/alerts.yml ];
      scrapeConfigs = lib.optional (listens != [ ]) {
        job_name = "hydra-provisioner";
        static_configs = [ { targets = listens; } ];
      };
    };
  };
}
