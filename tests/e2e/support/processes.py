"""The processes of a farm, whatever their parents are by now."""

import os
from pathlib import Path


def processes_of(folder):
    """Command lines by process id, of all that name the folder there or in their environment, or live in it."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return {pid: command_line(pid) for pid in pids if pid != os.getpid() and names(pid, str(folder).encode())}


def names(pid, folder):
    try:
        places = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        places.append(Path(f"/proc/{pid}/mountinfo").read_bytes().partition(b"\n")[0])  # its root
    except OSError:  # it has just ended
        return False
    return any(folder in place for place in places)


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def parent(pid):
    """None: it has just ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return None
