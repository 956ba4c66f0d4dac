# For those without flakes: `import ./. { }` is the package, `(import ./. { }).module` the NixOS module.
{ pkgs ? import <nixpkgs> { } }:

pkgs.callPackage ./package.nix { } // {
  module = ./nix/module.nix;
  buildMachine = ./nix/build-machine.nix;
}
