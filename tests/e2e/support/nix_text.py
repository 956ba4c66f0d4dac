"""Python values as Nix expressions."""

import json
from pathlib import Path


class Expression(str):
    """Nix, to be taken as it is."""


def nix_text(value):
    match value:
        case Expression():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False).replace("${", "\\${")
        case list():
            return f"[ {' '.join(nix_text(item) for item in value)} ]"
        case dict():
            return f"{{ {' '.join(f'{nix_text(k)} = {nix_text(v)};' for k, v in value.items())} }}"
    raise TypeError(f"{value!r} has no Nix equivalent")
