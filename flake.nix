{
  description = "hydra-provisioner: build machines for Hydra, as many as its queue needs";

  # There is no flake.lock: users of this flake choose the nixpkgs, by `inputs.nixpkgs.follows` or a lock of their own.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      forEachSystem = f: nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ]
        (system: f nixpkgs.legacyPackages.${system} self.packages.${system}.default);
    in
    {
      packages = forEachSystem (pkgs: default: {
        default = pkgs.callPackage ./package.nix { };
        hydra-provisioner = default;
      });

      overlays.default = final: previous: {
        hydra-provisioner = final.callPackage ./package.nix { };
      };

      nixosModules = {
        default = ./nix/module.nix;
        build-machine = ./nix/build-machine.nix;
        auto-shutdown = ./nix/auto-shutdown.nix;
      };

      checks = forEachSystem (pkgs: package: {
        inherit package;
        vm = pkgs.callPackage ./nix/tests/vm.nix { };
        module = pkgs.runCommand "hydra-provisioner-module-test"
          {
            nativeBuildInputs = [ pkgs.nix pkgs.python3 ];
            NIX_PATH = "nixpkgs=${nixpkgs}";
            HYDRA_PROVISIONER = "${package}/bin/hydra-provisioner";
          } ''
          python3 -B ${self}/tests/nix/module_test.py
          touch $out
        '';
      });

      devShells = forEachSystem (pkgs: package: {
        default = pkgs.mkShell.override { stdenv = pkgs.clangStdenv; } {
          inputsFrom = [ package ];
          packages = [ pkgs.clang-tools pkgs.gbenchmark pkgs.lld pkgs.python3 ];
        };
      });
    };
}
