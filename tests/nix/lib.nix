# As much of the library of nixpkgs, and of its module system, as nix/module.nix uses: the tests need no nixpkgs. Where
# one is at hand they run with its library, too, so what is here behaves as that does.
let
  inherit (builtins) all any attrNames attrValues concatMap concatStringsSep elem elemAt filter foldl' head isAttrs
    isBool isFloat isFunction isInt isList isPath isString length listToAttrs map mapAttrs match removeAttrs replaceStrings
    stringLength substring toJSON;

  lib = rec {
    inherit any attrValues concatMap concatStringsSep filter listToAttrs mapAttrs;
    inherit types evalModules mkOption;

    optional = condition: value: if condition then [ value ] else [ ];
    optionalAttrs = condition: values: if condition then values else { };
    optionalString = condition: text: if condition then text else "";
    nameValuePair = name: value: { inherit name value; };
    filterAttrs = keep: set: removeAttrs set (filter (name: !(keep name set.${name})) (attrNames set));
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    concatMapStrings = f: list: concatStringsSep "" (map f list);
    unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    hasInfix = infix: text: replaceStrings [ infix ] [ "" ] text != text;
    escapeShellArg = text:
      if match "[[:alnum:],._+:@%/-]+" text != null then text else "'" + replaceStrings [ "'" ] [ "'\\''" ] text + "'";
    escapeShellArgs = list: concatStringsSep " " (map escapeShellArg list);
    hiPrio = package: package;
    literalExpression = text: { _type = "literalExpression"; inherit text; };

    mkIf = condition: content: { _type = "if"; inherit condition content; };
    mkDefault = content: { _type = "override"; priority = 1000; inherit content; };
  };

  mkOption = attributes: attributes // { _type = "option"; };
  hasType = type: value: isAttrs value && value._type or null == type;
  shown = concatStringsSep ".";

  # A definition without mkIf and mkDefault: a list of at most one value, with its priority.
  discharge = priority: definition:
    if hasType "if" definition then (if definition.condition then discharge priority definition.content else [ ])
    else if hasType "override" definition then discharge definition.priority definition.content
    else [ { inherit priority; value = definition; } ];

  strongest = defined:
    let least = foldl' (least: it: if it.priority < least then it.priority else least) 9999 defined; in
    map (it: it.value) (filter (it: it.priority == least) defined);

  # A set of definitions without mkIf around it: that goes to the members, whose names stay known.
  pushDown = definition:
    if hasType "if" definition then mapAttrs (name: lib.mkIf definition.condition) (pushDown definition.content)
    else definition;

  checked = path: type: value:
    if type.check value then value
    else throw "A definition for option `${shown path}' is not of type `${type.description}'. Its value: ${
      if isFunction value then "a function" else toJSON value}";

  mergeOption = path: option: definitions:
    let
      given = concatMap (discharge 100) definitions
        ++ lib.optional (option ? default) { priority = 1500; value = option.default; };
      values = map (checked path option.type) (strongest given);
    in
    if values == [ ] then throw "The option `${shown path}' is used but not defined." else option.type.merge path values;

  # `options` is a tree of options, `definitions` a list of trees of values.
  mergeTree = path: options: definitions:
    let
      sets = map pushDown definitions;
      unknown = filter (name: !(options ? ${name})) (concatMap attrNames sets);
      membersOf = name: concatMap (set: lib.optional (set ? ${name}) set.${name}) sets;
      member = name: option:
        if hasType "option" option then mergeOption (path ++ [ name ]) option (membersOf name)
        else mergeTree (path ++ [ name ]) option (membersOf name);
    in
    if unknown != [ ] then throw "The option `${shown (path ++ [ (head unknown) ])}' does not exist."
    else mapAttrs member options;

  mergeOptions = foldl' (merged: options: merged // mapAttrs
    (name: option: if merged ? ${name} && !hasType "option" option then mergeOptions [ merged.${name} option ] else option)
    options) { };

  evalModules = { modules, specialArgs ? { }, prefix ? [ ] }:
    let
      arguments = specialArgs // { inherit lib config options; };
      load = module:
        let
          content = if isPath module then import module else module;
          set = if isFunction content then content arguments else content;
          plain = if set ? options || set ? config then set else { config = removeAttrs set [ "imports" ]; };
        in
        concatMap load (set.imports or [ ]) ++ [ { options = plain.options or { }; config = plain.config or { }; } ];
      loaded = concatMap load modules;
      options = mergeOptions (map (module: module.options) loaded);
      config = mergeTree prefix options (map (module: module.config) loaded);
    in
    { inherit options config; };

  simple = description: check: {
    inherit description check;
    merge = path: values:
      if all (value: value == head values) values then head values
      else throw "The option `${shown path}' has conflicting definitions.";
    getSubOptions = path: { };
  };

  between = name: isNumber: min: max:
    simple "${name} between ${toString min} and ${toString max} (both inclusive)"
      (value: isNumber value && value >= min && value <= max);

  # What the values of a set, or of each element of a list, are merged to.
  mergeMember = path: type: definitions: mergeOption path { inherit type; } definitions;
  isDefined = definition: discharge 100 definition != [ ];

  types = {
    str = simple "string" isString;
    bool = simple "boolean" isBool;
    raw = simple "raw value" (value: true);
    package = simple "package" (value: isAttrs value || isString value);
    path = simple "absolute path" (value: isPath value || (isString value && lib.hasPrefix "/" value));
    lines = simple "strings, joined by newlines" isString // { merge = path: concatStringsSep "\n"; };
    ints.between = between "integer" isInt;
    numbers.between = between "integer or floating point number" (value: isInt value || isFloat value);
    enum = words: simple "one of ${concatStringsSep ", " (map toJSON words)}" (value: elem value words);
    addCheck = type: check: type // { check = value: type.check value && check value; };

    nullOr = type: type // {
      description = "null or ${type.description}";
      check = value: value == null || type.check value;
      merge = path: values: if all (value: value == null) values then null else type.merge path values;
    };

    either = a: b: {
      description = "${a.description} or ${b.description}";
      check = value: a.check value || b.check value;
      merge = path: values: (if all a.check values then a else b).merge path values;
    };

    listOf = type: {
      description = "list of ${type.description}";
      check = isList;
      merge = path: values:
        map (element: mergeMember (path ++ [ "*" ]) type [ element ]) (filter isDefined (concatMap (list: list) values));
      inherit (type) getSubOptions;
    };

    nonEmptyListOf = type: types.addCheck (types.listOf type) (list: list != [ ]) // {
      description = "non-empty list of ${type.description}";
    };

    attrsOf = type: {
      description = "attribute set of ${type.description}";
      check = isAttrs;
      merge = path: values:
        let
          sets = map pushDown values;
          definitionsOf = name: filter isDefined (concatMap (set: lib.optional (set ? ${name}) set.${name}) sets);
          names = filter (name: definitionsOf name != [ ]) (lib.unique (concatMap attrNames sets));
        in
        listToAttrs (map (name: lib.nameValuePair name (mergeMember (path ++ [ name ]) type (definitionsOf name))) names);
      inherit (type) getSubOptions;
    };

    anything = {
      description = "anything";
      check = value: true;
      merge = path: values:
        if all (value: isAttrs value && !(value ? outPath)) values then (types.attrsOf types.anything).merge path values
        else if all isList values && length values > 1 then concatMap (list: list) values
        else types.raw.merge path values;
      getSubOptions = path: { };
    };

    submodule = module: {
      description = "submodule";
      check = value: isAttrs value || isFunction value || isPath value;
      merge = path: values: (evalModules {
        # A set is a value, also if it has an attribute `config` or `options`.
        modules = [ module ] ++ map (value: if isAttrs value then { config = value; } else value) values;
        prefix = path;
        specialArgs.name = elemAt path (length path - 1);
      }).config;
      getSubOptions = path: (evalModules { modules = [ module ]; prefix = path; specialArgs.name = "<name>"; }).options;
    };
  };
in
lib
