{
  statusCommand = [ "/srv/trial/queue" ];
  machinesFile = "/var/lib/hydra-provisioned/machines";
  metricsListen = "127.0.0.1:9817";
  systemTypes.x86_64-linux = {
    exec.command = [ "/srv/trial/provider" ];
    minMachines = 1;
    sshKey = "/etc/hydra-provisioner/key";
  };
}
