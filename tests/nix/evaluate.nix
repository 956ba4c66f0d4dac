# What nix/module.nix makes of definitions, as JSON. `library` is the module system: that of the tests, or of a nixpkgs.
{ module, definitions, library }:

let
  lib = import library;
  inherit (lib) mkOption types;

  option = type: default: mkOption { inherit type default; };
  anything = default: option types.anything default;

  # Of the options of NixOS those that the module reads or defines.
  nixos = {
    options = {
      assertions = option (types.listOf types.anything) [ ];
      warnings = option (types.listOf types.str) [ ];
      environment.systemPackages = option (types.listOf types.package) [ ];
      environment.etc = anything { };
      systemd.services = anything { };
      systemd.tmpfiles.rules = option (types.listOf types.str) [ ];
      users.users = anything { };
      users.groups = anything { };
      nix.buildMachines = option (types.listOf types.anything) [ ];
      nix.package = option types.package (package "nix");
      services.hydra.enable = option types.bool false;
      services.hydra.package = option types.package (package "hydra");
      services.hydra.dbi = option types.str "dbi:Pg:dbname=hydra;user=hydra;";
      services.hydra.extraConfig = option types.lines "";
      services.hydra.buildMachinesFiles = option (types.listOf types.path) [ "/the/default" ];
      services.postgresql.identMap = option types.lines "";
      services.prometheus.ruleFiles = option (types.listOf types.path) [ ];
      services.prometheus.scrapeConfigs = anything [ ];
    };
  };

  package = name: { type = "derivation"; outPath = "/${name}"; inherit name; };

  pkgs = {
    hydra-provisioner = package "package";
    nixops_unstable_minimal = package "nixops";
    busybox-sandbox-shell = package "busybox";
    coreutils = package "coreutils";
    openssh = package "openssh";
    util-linux = package "util-linux";
    writeText = builtins.toFile;
    writeShellScriptBin = name: text: package name // { inherit text; };
    formats.json = { }: { generate = name: value: builtins.toFile name (builtins.toJSON value); };
  };

  evaluated = lib.evalModules { modules = [ nixos module definitions ]; specialArgs = { inherit pkgs; }; };
  inherit (evaluated) config;

  # The table of options, asked of the options that were made of it.
  optionsOf = settings:
    let
      # Those of the module system itself are no options of the program.
      plain = options: removeAttrs options [ "_module" ];
      below = option: plain (option.type.getSubOptions [ ]);
      row = option: { inherit (option) description; default = option.defaultText.text or null; };
      rows = builtins.mapAttrs (name: row);
      top = below settings;
      pool = below top.systemTypes;
      ec2 = below pool.ec2;
    in
    builtins.mapAttrs (name: rows) {
      inherit top pool ec2;
      queue = below top.queue;
      local = below pool.local;
      region = below ec2.regions;
      exec = below pool.exec;
      schedule = below pool.schedules;
    };

  failed = builtins.filter (it: !it.assertion) config.assertions;
in
{
  inherit (config) warnings;
  problems = map (it: it.message) failed;
  options = optionsOf evaluated.options.services.hydra-provisioner.settings;
  # A system with a failed assertion is not built.
  system = if failed != [ ] then null else {
    units = config.systemd.services;
    etc = builtins.mapAttrs (name: file: file.source) config.environment.etc;
    commands = map (command: command.text) (builtins.filter (package: package ? text) config.environment.systemPackages);
    tmpfiles = config.systemd.tmpfiles.rules;
    inherit (config.users) users groups;
    inherit (config.services.hydra) buildMachinesFiles;
    inherit (config.services.postgresql) identMap;
    prometheus = {
      inherit (config.services.prometheus) scrapeConfigs;
      ruleFiles = map toString config.services.prometheus.ruleFiles;
    };
  };
}
