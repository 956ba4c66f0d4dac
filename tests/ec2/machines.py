"""Instances that boot: each is an sshd at a loopback address, with the host key from its user data."""

import base64
import re
import shutil
import subprocess
import threading
from xml.etree import ElementTree

NIX_STORE = shutil.which("nix-store")

# As NixOS' images do (nixos/modules/virtualisation/ec2-data.nix).
TAKE_KEY = "sed 's/|/\\n/g; s/SSH_HOST_ED25519_KEY://; t; d'"
TAKE_PUBLIC_KEY = "sed 's/SSH_HOST_ED25519_KEY_PUB://; t; d'"

CONFIG = """Port 22
ListenAddress {address}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM yes
PermitRootLogin prohibit-password
ForceCommand {nix_store} --serve --write
KexAlgorithms curve25519-sha256
"""


class Machines:
    def __init__(self, folder):
        self.folder = folder
        self.boots = not (folder / "no-boots").exists()
        self.lock = threading.Lock()
        self.addresses = {}
        self.servers = {}
        self.user_data = {}

    def after(self, parameters, text):
        """Returns the answer, with addresses that exist."""
        if not self.boots:
            return text
        action = parameters["Action"]
        if action in ("RunInstances", "CreateFleet"):
            data = next((value for name, value in parameters.items() if name.endswith("UserData")), "")
            for instance in ids_in(text):
                self.user_data[instance] = base64.b64decode(data)
                self.boot(instance)
        ids = [value for name, value in parameters.items() if name.startswith("InstanceId.")]
        if action in ("TerminateInstances", "StopInstances"):
            for instance in ids:
                self.halt(instance)
        if action == "StartInstances":
            for instance in ids:
                self.boot(instance)
        return self.with_addresses(text) if action in ("RunInstances", "DescribeInstances") else text

    def address(self, instance):
        with self.lock:
            number = len(self.addresses) + 1
            return self.addresses.setdefault(instance, f"127.84.{number // 250}.{number % 250 + 1}")

    def boot(self, instance):
        folder = self.folder / instance
        folder.mkdir(exist_ok=True)
        (folder / "user-data").write_bytes(self.user_data[instance])
        for script, name, mode in ((TAKE_KEY, "host_key", 0o600), (TAKE_PUBLIC_KEY, "host_key.pub", 0o644)):
            taken = subprocess.run(f"{script} user-data", shell=True, cwd=folder, capture_output=True, check=True)
            (folder / name).write_bytes(taken.stdout)
            (folder / name).chmod(mode)
        if not (folder / "host_key").stat().st_size:  # without a key in the user data, it makes its own
            (folder / "host_key").unlink()
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key"], check=True)
        settings = {"address": self.address(instance), "folder": folder, "nix_store": NIX_STORE}
        config = folder / "sshd_config"
        config.write_text(CONFIG.format(authorized=self.folder / "authorized_keys", **settings))
        command = ["/usr/sbin/sshd", "-D", "-f", str(config), "-E", str(folder / "sshd.log")]
        with self.lock:
            self.servers[instance] = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def halt(self, instance):
        with self.lock:
            server = self.servers.pop(instance, None)
        if server:
            server.terminate()
            server.wait()

    def with_addresses(self, text):
        namespace = re.search(rb'xmlns="([^"]+)"', text)
        if namespace:
            ElementTree.register_namespace("", namespace[1].decode())
        root = ElementTree.fromstring(text)
        prefix = f"{{{namespace[1].decode()}}}" if namespace else ""
        for item in root.iter(f"{prefix}item"):
            instance, state = item.find(f"{prefix}instanceId"), item.find(f"{prefix}instanceState")
            if instance is None or state is None:
                continue
            is_up = state.find(f"{prefix}name").text in ("pending", "running")
            for name, value in (("ipAddress", is_up), ("privateIpAddress", True)):
                set_child(item, prefix + name, self.address(instance.text) if value else None)
        return ElementTree.tostring(root)


def set_child(parent, name, text):
    child = parent.find(name)
    if text is None:
        if child is not None:
            parent.remove(child)
        return
    if child is None:
        child = ElementTree.SubElement(parent, name)
    child.text = text


def ids_in(text):
    return list(dict.fromkeys(re.findall(r"\bi-[0-9a-f]{17}\b", text.decode())))
