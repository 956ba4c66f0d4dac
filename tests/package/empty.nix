import ./local.nix // { systemTypes = { }; }
