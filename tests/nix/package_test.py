"""package.nix, default.nix and flake.nix: what they say, with a nixpkgs that has nothing but names."""

import json
import re
import subprocess
import unittest
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]

# The package of nixpkgs for each library that CMake looks for.
PACKAGES = {
    "Boost": "boost", "CLI11": "cli11", "CURL": "curl", "GTest": "gtest", "SQLiteCpp": "sqlitecpp", "ZLIB": "zlib",
    "date": "howard-hinnant-date", "fmt": "fmt", "nlohmann_json": "nlohmann_json", "prometheus-cpp-core": "prometheus-cpp",
    "pugixml": "pugixml", "rapidcheck": "rapidcheck", "spdlog": "spdlog", "systemd": "systemd", "zstd": "zstd",
}

EXPRESSION = """{ sources }:
let
  lib = {
    inherit (builtins) elem;
    genAttrs = names: f: builtins.listToAttrs (map (name: { inherit name; value = f name; }) names);
    cleanSource = source: source;
    cleanSourceWith = { src, filter }:
      map (path: filter (toString src + path) "directory") [ "/build" "/build/release" "/src/build" ];
    cmakeBool = name: value: "${name}=${if value then "on" else "off"}";
    makeBinPath = builtins.concatStringsSep ":";
    licenses.mit = "MIT";
    platforms.linux = "linux";
  };
  special = {
    inherit lib callPackage;
    clangStdenv.mkDerivation = attributes: attributes;
    testers.runNixOSTest = test: removeAttrs test [ "nodes" ];
    writeShellScript = name: text: name;
    runCommand = name: attributes: text: { inherit name text; };
    mkShell.override = arguments: attributes: attributes;
    python3 = "python3";
    clang-tools = "clang-tools"; gbenchmark = "gbenchmark"; lld = "lld";
    nix = "nix";
  };
  callPackage = file: arguments:
    let
      function = import file;
      names = removeAttrs (builtins.functionArgs function) [ "doCheck" ];
      named = builtins.mapAttrs (name: hasDefault: special.${name} or name) names;
    in
    function (named // arguments);
  nixpkgs = { inherit lib; outPath = "/nixpkgs"; legacyPackages = { x86_64-linux = special; aarch64-linux = special; }; };
  flake = import (sources + "/flake.nix");
  outputs = flake.outputs { self = outputs // { outPath = sources; }; inherit nixpkgs; };
  # A path in JSON would be copied to the store.
  shown = value: if builtins.isFunction value then "a function" else if builtins.isPath value then toString value else value;
in
{
  package = callPackage (sources + "/package.nix") { };
  unchecked = callPackage (sources + "/package.nix") { doCheck = false; };
  plain = builtins.mapAttrs (name: shown) (import (sources + "/default.nix") { pkgs = special; });
  flake = builtins.mapAttrs (name: builtins.mapAttrs (name: shown)) outputs;
}"""


def evaluate():
    command = ["nix-instantiate", "--eval", "--strict", "--json", "-E", EXPRESSION, "--argstr", "sources", str(SOURCES)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


class Files(unittest.TestCase):
    def test_parse(self):
        files = [*SOURCES.glob("*.nix"), *SOURCES.glob("nix/**/*.nix"), *SOURCES.glob("tests/nix/*.nix")]
        self.assertGreater(len(files), 8)
        subprocess.run(["nix-instantiate", "--parse", *files], check=True, stdout=subprocess.DEVNULL)


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.evaluated = evaluate()
        cls.package = cls.evaluated["package"]

    def test_has_the_version_of_the_project(self):
        (version,) = re.findall(r"project\(hydra-provisioner VERSION (\S+)", (SOURCES / "CMakeLists.txt").read_text())
        self.assertEqual(self.package["version"], version)
        self.assertEqual((self.package["meta"]["mainProgram"], self.package["meta"]["license"]), ("hydra-provisioner", "MIT"))

    def test_has_every_library_that_cmake_looks_for(self):
        text = "".join((SOURCES / file).read_text() for file in ("CMakeLists.txt", "tests/CMakeLists.txt"))
        wanted = set(re.findall(r"find_package\((\w+)", text)) | set(re.findall(r"find_library\(\w+ (\S+)", text))
        self.assertGreater(len(wanted), 12)
        inputs = self.package["buildInputs"] + self.package["checkInputs"]
        self.assertEqual({PACKAGES[name] for name in wanted - {"Threads"}} - set(inputs), set())
        self.assertLessEqual({"libpq", "libpqxx"}, set(inputs))

    def test_runs_tests_that_exist_unless_it_is_told_not_to(self):
        layers = re.search(r"for layer in (.*); do", self.package["checkPhase"])[1].split()
        known = re.findall(r"^unit_tests\((\w+)", (SOURCES / "tests/CMakeLists.txt").read_text(), re.MULTILINE)
        self.assertEqual(set(layers) - set(known), set())
        self.assertEqual(self.package["cmakeFlags"], ["HYDRA_PROVISIONER_TESTS=on"])
        self.assertEqual(self.evaluated["unchecked"]["cmakeFlags"], ["HYDRA_PROVISIONER_TESTS=off"])

    def test_leaves_out_what_was_built_by_hand(self):
        self.assertEqual(self.package["src"], [False, True, True], "what is below a folder that is left out is not asked for")

    def test_finds_nix_and_ssh(self):
        self.assertIn("wrapProgram $out/bin/hydra-provisioner --suffix PATH : nix:openssh", self.package["postInstall"])

    def test_is_there_without_flakes_with_its_modules(self):
        plain = self.evaluated["plain"]
        self.assertEqual(plain["version"], self.package["version"])
        self.assertTrue(Path(plain["module"]).is_file() and Path(plain["buildMachine"]).is_file())


class Flake(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.flake = evaluate()["flake"]

    def test_has_packages_and_shells_for_both_systems(self):
        for output in ("packages", "checks", "devShells"):
            self.assertEqual(sorted(self.flake[output]), ["aarch64-linux", "x86_64-linux"])
        packages = self.flake["packages"]["x86_64-linux"]
        self.assertEqual(packages["default"], packages["hydra-provisioner"])

    def test_has_modules_and_an_overlay(self):
        self.assertTrue(all(Path(module).is_file() for module in self.flake["nixosModules"].values()))
        self.assertEqual(self.flake["overlays"], {"default": "a function"})

    def test_checks_the_package_and_the_module(self):
        checks = self.flake["checks"]["x86_64-linux"]
        self.assertEqual(sorted(checks), ["module", "package", "vm"])
        script = re.search(r"python3 -B (\S+)", checks["module"]["text"])[1]
        self.assertTrue(Path(script).is_file())

    def test_the_test_in_a_virtual_machine_is_python(self):
        compile(self.flake["checks"]["x86_64-linux"]["vm"]["testScript"], "vm.nix", "exec")


if __name__ == "__main__":
    unittest.main()
