# hydra-provisioner as a package: `pkgs.callPackage ./package.nix { }`. It needs a nixpkgs of 2024 or later.
{ lib, clangStdenv, cmake, ninja, makeWrapper
, boost, cli11, curl, fmt, howard-hinnant-date, libpqxx, nlohmann_json, libpq ? postgresql, postgresql, prometheus-cpp
, pugixml, spdlog, sqlite, sqlitecpp, systemd, zlib, zstd
, gtest, rapidcheck
, nix, openssh
, doCheck ? true
}:

let
  project = builtins.match ".*project\\(hydra-provisioner VERSION ([0-9.]+) .*" (builtins.readFile ./CMakeLists.txt);

  # Those that need nothing of the host. The others run programs, mount, or listen: ./test runs them all.
  testedLayers = [ "model" "decide" "publish" "html" "metrics" "pass" "review" "trace" "sim" ];
in
clangStdenv.mkDerivation {
  pname = "hydra-provisioner";
  version = builtins.head project;

  src = lib.cleanSourceWith {
    src = lib.cleanSource ./.;
    # What was built by hand, and may be big.
    filter = path: type: !(lib.elem path (map toString [ ./build ./.cache ]));
  };

  strictDeps = true;
  nativeBuildInputs = [ cmake ninja makeWrapper ];
  buildInputs = [
    boost cli11 curl fmt howard-hinnant-date libpq libpqxx nlohmann_json prometheus-cpp pugixml spdlog sqlite sqlitecpp
    systemd zlib zstd
  ];
  checkInputs = [ gtest rapidcheck ];

  cmakeFlags = [ (lib.cmakeBool "HYDRA_PROVISIONER_TESTS" doCheck) ];

  inherit doCheck;
  checkPhase = ''
    runHook preCheck
    for layer in ${toString testedLayers}; do
      tests/''${layer}_tests --gtest_brief=1
    done
    runHook postCheck
  '';

  # Nix evaluates configurations, ssh reaches machines. Those of the host come first: they may be of another version.
  postInstall = ''
    wrapProgram $out/bin/hydra-provisioner --suffix PATH : ${lib.makeBinPath [ nix openssh ]}
  '';

  meta = {
    description = "Provisioner of build machines for Hydra: as many as its queue needs";
    license = lib.licenses.mit;
    mainProgram = "hydra-provisioner";
    platforms = lib.platforms.linux;
  };
}
