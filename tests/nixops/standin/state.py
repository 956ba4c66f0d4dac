"""The state file, in version 3 of its schema, which all versions of NixOps since 1.4 share."""

import json
import os
import sqlite3
import time

from standin.errors import Failure

SCHEMA = [
    "create table if not exists SchemaVersion(version integer not null)",
    "insert into SchemaVersion(version) values (3)",
    "create table if not exists Deployments(uuid text primary key)",
    """create table if not exists DeploymentAttrs(
         deployment text not null, name text not null, value text not null, primary key(deployment, name),
         foreign key(deployment) references Deployments(uuid) on delete cascade)""",
    """create table if not exists Resources(
         id integer primary key autoincrement, deployment text not null, name text not null, type text not null,
         foreign key(deployment) references Deployments(uuid) on delete cascade)""",
    """create table if not exists ResourceAttrs(
         machine integer not null, name text not null, value text not null, primary key(machine, name),
         foreign key(machine) references Resources(id) on delete cascade)""",
]
SCHEMA_GAP_SECONDS = 0.001


class StateFile:
    def __init__(self, path, schema_gap_seconds=SCHEMA_GAP_SECONDS):
        self.path = path
        if os.path.splitext(path)[1] not in (".nixops", ".charon"):
            raise Failure(f"state file ‘{path}’ should have extension ‘.nixops’")
        self.sql = sqlite3.connect(path, timeout=60, isolation_level=None)
        self.sql.execute("pragma journal_mode = wal")
        self.sql.execute("pragma synchronous = off")  # it need not survive the machine that it is on
        self.sql.execute("pragma foreign_keys = 1")
        self.set_up(schema_gap_seconds)

    def set_up(self, gap):
        """Uses several transactions, as the real NixOps does, so two first uses can disturb each other."""
        if self.sql.execute("select 1 from sqlite_master where name = 'SchemaVersion'").fetchone():
            self.sql.execute("select version from SchemaVersion").fetchone()[0]
            return
        for statement in SCHEMA:
            self.sql.execute(statement)
            time.sleep(gap)

    def deployments(self):
        return [Deployment(self.sql, row[0]) for row in self.sql.execute("select uuid from Deployments order by uuid")]

    def find(self, text):
        """Finds a deployment by its name, UUID or the beginning of its UUID; without a text, the only one."""
        found = self.deployments()
        if text:
            exact = [d for d in found if text in (d.uuid, d.name)]
            found = exact or [d for d in found if d.uuid.startswith(text)]
        if not found:
            raise Failure(f"could not find specified deployment in state file ‘{self.path}’")
        if len(found) == 1:
            return found[0]
        if text:
            how = "multiple deployments with the same name, so you should specify one using its UUID"
        else:
            how = "multiple deployments, so you should specify which one to use using ‘-d’, "
            how += "or set the environment variable NIXOPS_DEPLOYMENT"
        raise Failure(f"state file contains {how}")

    def create_deployment(self):
        import uuid

        deployment = Deployment(self.sql, str(uuid.uuid1()))
        self.sql.execute("insert into Deployments(uuid) values (?)", (deployment.uuid,))
        return deployment


class Attributes:
    """Texts by name. None is the default of every attribute, and is not stored."""

    table = ""  # and the columns of its owner
    owner = ""

    def __init__(self, sql, key):
        self.sql = sql
        self.key = key

    def get(self, name, default=None):
        query = f"select value from {self.table} where {self.owner} = ? and name = ?"
        row = self.sql.execute(query, (self.key, name)).fetchone()
        return row[0] if row else default

    def set(self, **attributes):
        """Sets all attributes or, if this process ends, none."""
        self.sql.execute("begin immediate")
        for name, value in attributes.items():
            self.sql.execute(f"delete from {self.table} where {self.owner} = ? and name = ?", (self.key, name))
            if value is not None:
                row = (self.key, name, str(value))
                self.sql.execute(f"insert into {self.table}({self.owner}, name, value) values (?, ?, ?)", row)
        self.sql.execute("commit")

    def all(self):
        return dict(self.sql.execute(f"select name, value from {self.table} where {self.owner} = ?", (self.key,)))


class Deployment(Attributes):
    table, owner = "DeploymentAttrs", "deployment"

    @property
    def uuid(self):
        return self.key

    @property
    def name(self):
        return self.get("name")

    @property
    def title(self):
        return self.name or self.uuid

    @property
    def description(self):
        return self.get("description", "Unnamed NixOps network")

    def json(self, name, default):
        return json.loads(self.get(name, json.dumps(default)))

    def resources(self):
        rows = self.sql.execute("select id, name, type from Resources where deployment = ? order by id", (self.uuid,))
        return [Resource(self.sql, *row) for row in rows.fetchall()]

    def resource(self, name):
        return next((r for r in self.resources() if r.name == name), None)

    def add_resource(self, name, type, **attributes):
        values = (self.uuid, name, type)
        row = self.sql.execute("insert into Resources(deployment, name, type) values (?, ?, ?)", values)
        resource = Resource(self.sql, row.lastrowid, name, type)
        resource.set(**attributes)
        return resource

    def delete(self):
        self.sql.execute("delete from Deployments where uuid = ?", (self.uuid,))

    def export(self):
        resources = {r.name: r.all() | {"type": r.type} for r in self.resources()}
        return self.all() | {"resources": resources}


class Resource(Attributes):
    table, owner = "ResourceAttrs", "machine"

    def __init__(self, sql, key, name, type):
        super().__init__(sql, key)
        self.name = name
        self.type = type

    def delete(self):
        self.sql.execute("delete from Resources where id = ?", (self.key,))
