"""The schemas of what is printed with --json, as strict as they can be read."""

import json

import jsonschema

from support.farm import ROOT

FOLDER = ROOT / "docs/schema"


def validate(name, document):
    """Raises ValidationError if the document is not as docs/schema/ says, to the last key."""
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(exact(schema)).validate(document)


def exact(schema):
    """The same schema, but without leave to add keys: a key that is not documented is a fault."""
    if isinstance(schema, list):
        return [exact(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and schema.get("type") else {}
    return {key: exact(part) for key, part in schema.items()} | closed
