# What the stand-in reads of a network. Everything else of it stays unevaluated, as nixpkgs is not there to evaluate it.
{ files, args ? { }, deploymentName ? "" }:
let
  inherit (builtins) attrNames concatMap filter foldl' functionArgs head isFunction isAttrs isPath isString mapAttrs
    removeAttrs seq tail toString tryEval;

  call = x: if isFunction x then x args else x;
  network = foldl' (all: file: all // call (import file)) { } files;
  meta = network.network or { };
  nixpkgs = meta.nixpkgs or (import <nixpkgs> { });

  # Modules.
  lib = {
    mkDefault = x: x;
    mkForce = x: x;
    mkOverride = _: x: x;
    mkIf = _: x: x;
    mkMerge = foldl' (all: x: all // x) { };
    mkOption = x: x;
    mkEnableOption = _: { };
    optional = condition: x: if condition then [ x ] else [ ];
    optionals = condition: list: if condition then list else [ ];
    optionalAttrs = condition: set: if condition then set else { };
    optionalString = condition: text: if condition then text else "";
    concatStringsSep = builtins.concatStringsSep;
    types = { };
  };
  available = name: {
    inherit name lib deploymentName;
    config = { };
    options = { };
    pkgs = { inherit lib; };
    resources = mapAttrs (type: mapAttrs (name: _: { inherit name; })) (network.resources or { });
    nodes = machines;
    modulesPath = "/modules";
    uuid = "";
  };
  arguments = name: f:
    let
      wanted = functionArgs f;
      given = available name;
      defaulted = filter (argument: wanted.${argument} && !(given ? ${argument})) (attrNames wanted);
    in if wanted == { } then given
    else removeAttrs (mapAttrs (argument: _: given.${argument}) wanted) defaulted;
  read = name: m:
    if isFunction m then m (arguments name m)
    else if isPath m || isString m then read name (import m)
    else m;
  modules = name: m:
    let module = read name m;
    in [ (module.config or module) ] ++ concatMap (modules name) (module.imports or [ ] ++ module.require or [ ]);

  lookup = path: set:
    if path == [ ] then [ set ]
    else if isAttrs set && set ? ${head path} then lookup (tail path) set.${head path}
    else [ ];
  option = found: path: default:
    let values = concatMap (lookup ([ "deployment" ] ++ path)) found;
    in if values == [ ] then default else head values;
  # Of an option that is only shown: one that cannot be known here does not matter.
  shown = value:
    let known = tryEval value;
    in if !known.success then null else if isAttrs known.value then known.value.name or null else known.value;

  ec2 = found: mapAttrs (name: default: shown (option found [ "ec2" name ] default)) {
    accessKeyId = null;
    region = "";
    zone = "";
    ami = "ami-0d1f2e3c";
    instanceType = "m1.small";
    spotInstancePrice = 0;
    usePrivateIpAddress = false;
    associatePublicIpAddress = false;
    keyPair = "";
    privateKey = "";
    securityGroups = [ "default" ];
  };
  machine = name: m:
    let
      found = modules name m ++ (if network ? defaults then modules name network.defaults else [ ]);
      targetEnv = option found [ "targetEnv" ] "none";
    in {
      inherit targetEnv;
      targetHost = option found [ "targetHost" ] name;
      sshOptions = shown (option found [ "sshOptions" ] [ ]);
      ec2 = if targetEnv == "ec2" then ec2 found else null;
    };
  machines = mapAttrs machine (removeAttrs network [ "network" "resources" "defaults" "require" "_file" ]);
  keyPair = name: pair:
    let value = read name pair;
    in { region = value.region or ""; accessKeyId = shown (value.accessKeyId or null); };
in {
  info = seq nixpkgs.lib.fold {
    storage = attrNames (meta.storage or { });
    lock = attrNames (meta.lock or { });
    description = meta.description or null;
  };
  deployment = {
    inherit machines;
    description = meta.description or null;
    keyPairs = mapAttrs keyPair (network.resources.ec2KeyPairs or { });
  };
}
