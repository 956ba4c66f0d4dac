"""A queue runner in C++ as it shows in Hydra's database: it answers `NOTIFY dump_status` with a new row of SystemStatus, and
forgets at its start which steps were under way."""

import ctypes
import json
import select
import threading
import time

TABLE = "create table SystemStatus (what text primary key not null, status json not null);"

libpq = ctypes.CDLL("libpq.so.5")
libpq.PQconnectdb.restype = libpq.PQexec.restype = libpq.PQnotifies.restype = ctypes.c_void_p
libpq.PQerrorMessage.restype = ctypes.c_char_p


class DatabaseQueue:
    def __init__(self, postgres, runnable):
        self.where = postgres.where
        self.dumps = 0
        self.beside_dumps = ""  # what else each of them does
        self.say(runnable)
        self.start()

    def start(self):
        self.is_stopping = False
        self.connection = ctypes.c_void_p(libpq.PQconnectdb(self.where.encode()))
        self.execute("update BuildSteps set busy = 0, status = 3 where busy != 0")
        self.execute("listen dump_status")
        self.dump()
        # From here on, the connection is the thread's alone.
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def execute(self, sql):
        result = ctypes.c_void_p(libpq.PQexec(self.connection, sql.encode()))
        status = libpq.PQresultStatus(result)
        libpq.PQclear(result)
        if status not in (1, 2):
            raise RuntimeError(libpq.PQerrorMessage(self.connection).decode())

    def serve(self):
        while not self.is_stopping:
            select.select([libpq.PQsocket(self.connection)], [], [], 0.1)
            libpq.PQconsumeInput(self.connection)
            while notified := libpq.PQnotifies(self.connection):
                libpq.PQfreemem(ctypes.c_void_p(notified))
                self.dump()

    def dump(self):
        """As Hydra does: the row is made anew in the same transaction that notifies."""
        text = json.dumps({"time": int(time.time())} | self.document).replace("'", "''")
        rows = f"delete from SystemStatus; insert into SystemStatus values ('queue-runner', '{text}');"
        self.execute(f"begin; {rows} {self.beside_dumps} notify status_dumped; commit")
        self.dumps += 1

    def say(self, runnable, machines=None):
        types = {"x86_64-linux": {"runnable": runnable, "running": 0}}
        self.document = {"status": "up", "uptime": 5000, "machines": machines or {}, "machineTypes": types}

    def stop(self):
        """Without --unlock: its last row stays, and so do its busy steps."""
        self.is_stopping = True
        self.thread.join()
        libpq.PQfinish(self.connection)
