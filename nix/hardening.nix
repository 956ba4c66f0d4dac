# What systemd keeps from a service that manages machines elsewhere: as systemd/10-own-user.conf. Code in memory may be
# written, because programs of users and NixOps run in languages that do that. The values are defaults: a definition in
# systemd.services.<unit>.serviceConfig replaces them.
{ lib }:

{ user }:

let
  strict = {
    NoNewPrivileges = true;
    CapabilityBoundingSet = "";
    AmbientCapabilities = "";
    SystemCallArchitectures = "native";
    SystemCallFilter = [ "@system-service" "~@privileged @resources" ];
    # Nix and ssh try calls that they can do without, such as raising a limit: they must not be killed for that.
    SystemCallErrorNumber = "EPERM";
    LockPersonality = true;
    RestrictAddressFamilies = [ "AF_UNIX" "AF_INET" "AF_INET6" ];
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    ProtectSystem = "strict";
    ProtectHome = true;
    PrivateTmp = true;
    PrivateDevices = true;
    DevicePolicy = "closed";
    ProtectKernelTunables = true;
    ProtectKernelModules = true;
    ProtectKernelLogs = true;
    ProtectControlGroups = true;
    ProtectClock = true;
    ProtectHostname = true;
    # Processes of its own user stay visible: which operations still run is read in /proc.
    ProtectProc = "invisible";
    RemoveIPC = true;
    KeyringMode = "private";
  };
in
# Machines on this host are children of the service. They mount, become other users and build for other systems, in the
# namespaces of the host, so that a restart finds them again: each of these settings would break builds.
lib.optionalAttrs (user != "root") (lib.mapAttrs (name: lib.mkDefault) strict)
