{
  tag = "local";
  statusCommand = [ "/srv/trial/queue" ];
  machinesFile = "/var/lib/hydra-provisioned/local-machines";
  settle = 1;
  quiet = 1;
  systemTypes.x86_64-linux = { local = { }; minMachines = 1; };
}
