# Powers a machine off that is no longer needed. A machine must not continue to cost money when its provisioner is gone
# or cannot reach it. The provisioner touches /run/keep-alive as long as it needs the machine.
#
#   imports = [ <hydra-provisioner/auto-shutdown.nix> ];
#
# It is the last safeguard, so it only needs systemd and coreutils, and only uses options and functions that NixOS has had
# since 17.09.
{ config, lib, ... }:

let
  settings = config.services.hydra-provisioner.autoShutdown;

  # The time since the last touch is measured with the clock that runs since boot, so that setting the time, forward or
  # back, neither ends a machine nor keeps one. /run/hydra-provisioner-auto-shutdown records the last touch, and when it
  # was seen: "TIME-OF-THE-FILE SECONDS-SINCE-BOOT". Like everything in /run it survives restarts of this service and
  # reconfigurations of the machine, but not a reboot, after which a full period begins.
  #
  # AUTO_SHUTDOWN_ROOT is for tests: a prefix of all paths.
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

    # By the time of day, if nothing can be recorded: a missing file, or one from before the boot, counts as touched at
    # boot; one from the future counts as touched now.
    age_by_time_of_day() {
      age=$uptime
      if [ "$touched" != never ]; then age=$(( $(date +%s) - touched )); fi
      if [ "$age" -gt "$uptime" ]; then age=$uptime; fi
    }

    # A missing file was not touched. Without a record the period begins now: the machine may have run for days before
    # it got this module, and it is not touched before the deployment with the module has ended.
    if [ -z "$since" ] || [ "$since" -gt "$uptime" ] || { [ "$touched" != never ] && [ "$touched" != "$last" ]; }; then
      # Renamed, so that after an interruption there is either the old record or the new one.
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
    # The machine still runs: a service does not stop, or systemd does not answer. Everything that is lost now would be
    # lost with the machine anyway.
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
      default = true;  # importing this file is enough
      description = "Whether to power off when /run/keep-alive has not been touched for some time.";
    };

    timeout = lib.mkOption {
      type = lib.types.addCheck lib.types.int (seconds: seconds > 0);
      default = 3600;
      description = ''
        Seconds without a touch of /run/keep-alive after which the machine is powered off. Use several times the interval
        between two passes of hydra-provisioner, and its keepAliveInterval.
      '';
    };
  };

  config = lib.mkIf settings.enable {
    # A timer, so that later runs follow one that fails or is killed.
    systemd.timers.hydra-provisioner-auto-shutdown = {
      description = "Check Every Minute Whether This Machine Is Still Needed";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        # Both use the clock that runs since boot. When OnBootSec is over, it elapses immediately, so a timer that was
        # stopped continues when it is started again; OnUnitActiveSec alone would then have no starting point.
        # Persistent is for calendar times only.
        OnBootSec = "1min";
        OnUnitActiveSec = "1min";
        AccuracySec = "10s";
      };
      # When NixOS switches to another configuration, it stops changed units and then starts them. If that is
      # interrupted, the timer would not run any more. `systemctl daemon-reload` gives a running timer its new settings.
      unitConfig.X-RestartIfChanged = false;
    };

    systemd.services.hydra-provisioner-auto-shutdown = {
      description = "Power Off Unless This Machine Is Still Needed";
      inherit script;
      serviceConfig = {
        Type = "oneshot";
        # The timer waits until a run ends, by default without a limit. The last steps take less than this.
        TimeoutStartSec = "15min";
      };
      restartIfChanged = false;  # the next run uses the change; this one may be powering off
      unitConfig = {
        # Otherwise the shutdown would stop this service first, and the forced steps would not happen.
        DefaultDependencies = false;
        # systemd must not refuse to start it, however often that happens.
        StartLimitIntervalSec = 0;
      };
    };
  };
}
