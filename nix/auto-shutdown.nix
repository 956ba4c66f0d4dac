# Powers a machine off that nobody wants any more: one whose provisioner is gone, or cannot reach it, must not go on
# costing money. The provisioner touches /run/keep-alive for as long as it wants the machine.
#
#   imports = [ <hydra-provisioner/auto-shutdown.nix> ];
#
# It is the last guard, so it needs nothing but systemd and coreutils, and keeps to options and functions that NixOS has
# had since 17.09.
{ config, lib, ... }:

let
  settings = config.services.hydra-provisioner.autoShutdown;

  # How long the file has not been touched is counted on the clock that runs since boot, so that setting the time,
  # forward or back, neither ends a machine nor keeps one. /run/hydra-provisioner-auto-shutdown remembers which touch
  # was the last, and when it was seen: "TIME-OF-THE-FILE SECONDS-SINCE-BOOT". Like all in /run it outlives restarts of
  # this service and reconfigurations of the machine, but no reboot, after which a full period begins.
  #
  # AUTO_SHUTDOWN_ROOT is for tests: what comes before all paths.
  script = ''
    root=''${AUTO_SHUTDOWN_ROOT-}
    file=$root/run/keep-alive
    record=$root/run/hydra-provisioner-auto-shutdown

    read -r uptime rest < "$root/proc/uptime"
    uptime=''${uptime%%.*}
    touched=$(stat -c %Y "$file" 2> /dev/null) || touched=never

    last=
    since=
    [ ! -f "$record" ] || read -r last since < "$record" || true
    case $since in
      "" | *[!0-9]* | ??????????*) since= ;;
    esac

    # By the time of day, for when nothing can be remembered: no file, or one from before the boot, counts as one that
    # was touched at boot, and one from the future is young enough.
    age_by_time_of_day() {
      age=$uptime
      if [ "$touched" != never ]; then age=$(( $(date +%s) - touched )); fi
      if [ "$age" -gt "$uptime" ]; then age=$uptime; fi
    }

    # A file that is gone has not been touched. With no record yet the count begins now: the machine may have run for
    # days before this module came to it, and is not touched before the deployment that brings it has ended.
    if [ -z "$since" ] || [ "$since" -gt "$uptime" ] || { [ "$touched" != never ] && [ "$touched" != "$last" ]; }; then
      # Renamed, so that whoever is killed leaves the old record or the new one.
      if echo "$touched $uptime" > "$record.new" && mv -fT "$record.new" "$record"; then
        age=0
      else
        age_by_time_of_day
      fi
    else
      age=$(( uptime - since ))
    fi

    if [ "$age" -lt ${toString settings.timeout} ]; then exit 0; fi

    echo "$file was not touched for $age s, ${toString settings.timeout} are allowed: powering off"
    timeout 60 systemctl -i poweroff || true
    # Still there: a service does not stop, or systemd does not answer. What is lost now would be lost with the machine.
    sleep 300
    echo "still running: powering off without stopping services"
    timeout 60 systemctl --force poweroff || true
    sleep 60
    systemctl --force --force poweroff
  '';
in
{
  options.services.hydra-provisioner.autoShutdown = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;  # importing this file is asking for it
      description = "Whether to power off when /run/keep-alive has not been touched for some time.";
    };

    timeout = lib.mkOption {
      type = lib.types.addCheck lib.types.int (seconds: seconds > 0);
      default = 3600;
      description = ''
        Seconds without a touch of /run/keep-alive after which the machine is powered off. Several times what
        hydra-provisioner lets pass between two of its passes.
      '';
    };
  };

  config = lib.mkIf settings.enable {
    # A timer, so that a run that fails or is killed does not end the watch.
    systemd.timers.hydra-provisioner-auto-shutdown = {
      description = "Look Every Minute Whether This Machine Is Still Wanted";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        # Both count on the clock that runs since boot. OnBootSec elapses at once when it has passed, so that a timer
        # that was stopped goes on when it is started again; OnUnitActiveSec alone would then have nothing to count
        # from. Persistent is for calendar times only.
        OnBootSec = "1min";
        OnUnitActiveSec = "1min";
        AccuracySec = "10s";
      };
      # While switching to another configuration NixOS stops changed units, then starts them: if that is interrupted,
      # nobody would look any more. A running timer takes new settings from `systemctl daemon-reload`.
      unitConfig.X-RestartIfChanged = false;
    };

    systemd.services.hydra-provisioner-auto-shutdown = {
      description = "Power Off Unless This Machine Is Still Wanted";
      inherit script;
      serviceConfig = {
        Type = "oneshot";
        # The timer waits for a run to end, and by default there is no limit. This is more than the last steps take.
        TimeoutStartSec = "15min";
      };
      restartIfChanged = false;  # by the next run; this one may be powering off
      unitConfig = {
        # Else the shutdown that it asks for stops this service first, and nobody is left to insist.
        DefaultDependencies = false;
        # However often it is started, systemd shall not refuse.
        StartLimitIntervalSec = 0;
      };
    };
  };
}
