# The options of a configuration as options of NixOS, and the configuration that is written from them. Both are made of
# options.json, the program's own table of options: each of its options is one here, with the same name and meaning. What
# is not set is `null` and is not written, so that the program's defaults hold.
{ lib }:

let
  inherit (lib) types;

  table = builtins.fromJSON (builtins.readFile ./options.json);

  described = description: check: type: types.addCheck type check // { inherit description; };
  matching = description: pattern: described description (text: builtins.match pattern text != null) types.str;

  absolutePath = matching "absolute path, as a string" "/.*[^/]";
  # A Nix path is not copied to the store: it is written as the program would read it in its own configuration file.
  nixPath = described "absolute path" (path: builtins.match "/.*[^/]" (toString path) != null) types.path;
  word = matching "string without blanks" "[!-~]+";

  # What the program checks more closely, such as the hours of a schedule, is left to it: `systemctl reload` and
  # `hydra-provisioner check` report it.
  typeOfKind = row: {
    tag = matching "letters, digits, `_`, `.` and `-`, at most 40 characters" "[A-Za-z_][A-Za-z0-9_.-]{0,39}";
    machines-file = absolutePath;
    nix-file = nixPath;
    ssh-key = matching "path without blanks, as a string" "[!-?A-~][!-~]*";
    command = types.nonEmptyListOf types.str;
    texts = types.listOf types.str;
    flag = types.bool;
    quantity-or-auto = types.either (types.enum [ "auto" ]) (types.ints.between row.min row.max);
    count-or-auto = types.either (types.enum [ "auto" ]) (types.ints.between row.min row.max);
    choice = types.enum row.words;
    price = types.numbers.between row.min row.max;
    schedules = types.listOf (sectionType "schedule" { });
    regions = types.listOf (sectionType "region" { });
    systems = types.nonEmptyListOf word;
    features = types.listOf word;
    settings =
      if row.name == "systemTypes" then types.attrsOf (sectionType "pool" { })
      else if table ? ${row.name} then sectionType row.name { }
      else types.attrsOf types.anything;
    inherit word;
    words = types.listOf word;
    url = matching "URL" "https?://[!-~]+";
    endpoint = matching "address and port" ".+:[0-9]+";
    labels = types.attrsOf types.str;
  }.${row.kind} or (if row ? min then types.ints.between row.min row.max else types.str);

  optionOf = row: lib.mkOption ({
    type = types.nullOr (typeOfKind row);
    default = null;
    description = row.meaning;
  } // lib.optionalAttrs (row.default != null) {
    defaultText = lib.literalExpression row.default;
  });

  # `extra` is one more module of the submodule.
  sectionType = section: extra: types.submodule {
    imports = [ extra ];
    options = lib.listToAttrs (map (row: lib.nameValuePair row.name (optionOf row)) table.${section});
  };

  # A Nix path that is in the store, as all are in a flake, must not be collected as garbage while it is named.
  pathText = path:
    let
      text = toString path;
      inStore = builtins.match "(${builtins.storeDir}/[^/]+).*" text;
    in
    if inStore == null then text else builtins.appendContext text { ${builtins.head inStore} = { path = true; }; };

  # A value without Nix paths, which JSON would have copied to the store.
  plain = value:
    if builtins.isPath value then pathText value
    else if builtins.isList value then map plain value
    else if builtins.isAttrs value && !(value ? outPath) then builtins.mapAttrs (name: plain) value
    else value;

  writtenOption = row: value:
    if row.kind == "schedules" then map (written "schedule") value
    else if row.kind == "regions" then map (written "region") value
    else if row.name == "systemTypes" then builtins.mapAttrs (name: written "pool") value
    else if row.kind == "settings" && table ? ${row.name} then written row.name value
    else plain value;

  written = section: values: lib.listToAttrs (lib.concatMap
    (row: lib.optional (values.${row.name} != null)
      (lib.nameValuePair row.name (writtenOption row values.${row.name})))
    table.${section});
in
{
  # Settings without a machines file get this one, if the queue runner reads a file of this host.
  typeWith = { machinesFile }: sectionType "top" ({ config, ... }: {
    config.machinesFile = lib.mkIf
      ((config.queue == null || config.queue.type != "hydra-rust") && config.updateCommand == null)
      (lib.mkDefault machinesFile);
  });

  # The configuration, ready for JSON.
  written = written "top";

  inherit pathText;
}
