"""The processes of a farm, whatever their parents are by now."""

import os
from pathlib import Path


def processes_of(folder):
    """Command lines by process id, of all that name the folder there or in their environment, or live in it."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return {pid: command_line(pid) for pid in pids if pid != os.getpid() and names(pid, Path(folder))}


def names(pid, folder):
    try:
        words = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        root = Path(f"/proc/{pid}/mountinfo").read_bytes().partition(b"\n")[0]
    except OSError:  # it has just ended
        return False
    return any(bytes(folder) in word for word in words) or seen_from_its_file_system(folder).encode() in root


def seen_from_its_file_system(folder):
    """As mountinfo(5) names it: /tmp may be a file system of its own."""
    mount_point = next(place for place in (folder, *folder.parents) if place.is_mount())
    return f"/{folder.relative_to(mount_point)}"


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
