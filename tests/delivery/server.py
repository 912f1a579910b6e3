"""A server with the deployment's user, and an SSH daemon that lets a key say one thing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.conftest import require
from tests.edge.stack import free_port, wait_until

# What the key may run: it writes down all that it learns, says what it was told to say, and ends.
GATE = """#!/bin/sh
cd {folder}
printf '%s' "$SSH_ORIGINAL_COMMAND" >command
cat >input
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >processes
find {private} -type f -name key -printf '%m' >mode
cat says
exit $(cat code)
"""

CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
"""


class Server:
    """`sshd` of this machine, which sees a user `deploy` that the machine does not have."""

    def __init__(self, folder: Path, private: Path) -> None:
        """`private`: where the scripts under test put their secrets."""
        path = os.environ["PATH"] + ":/usr/sbin"
        sshd = shutil.which("sshd", path=path)
        require(sshd, "there is no sshd on this machine (Debian's package openssh-server)")
        require(os.geteuid() == 0, "needs root: mounts a file over /etc/passwd, for sshd alone")
        assert sshd
        self.folder, self.port = folder, free_port()
        for name in ("host_key", "key", "other_key"):
            ssh_keygen("-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name))
        self.key = (folder / "key").read_text()
        self.other_key = (folder / "other_key").read_text()
        self.known_hosts = self.line("host_key")
        gate = folder / "gate"
        gate.write_text(GATE.format(folder=folder, private=private))
        gate.chmod(0o755)
        public = (folder / "key.pub").read_text()
        (folder / "authorized_keys").write_text(f'restrict,command="{gate}" {public}')
        (folder / "sshd_config").write_text(CONFIG.format(folder=folder, port=self.port))
        passwd = Path("/etc/passwd").read_text() + f"deploy:*:0:0::{folder}:/bin/sh\n"
        (folder / "passwd").write_text(passwd)
        Path("/run/sshd").mkdir(exist_ok=True)
        self.answer("==>   31.4 s  done: v2 serves as green")
        self._process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c",
             f"mount --bind {folder}/passwd /etc/passwd && exec {sshd} -D -e -f {folder}/sshd_config"],
            stderr=(folder / "log").open("w"),
        )  # fmt: skip
        wait_until(lambda: "listening" in (folder / "log").read_text(), "sshd listens", 10)

    def line(self, name: str) -> str:
        """The line of known_hosts by which this server shows that key."""
        return f"[127.0.0.1]:{self.port} {(self.folder / f'{name}.pub').read_text().strip()}"

    def answer(self, says: str, code: int = 0) -> None:
        """What the gate says from now on, and its exit code."""
        (self.folder / "says").write_text(says + "\n")
        (self.folder / "code").write_text(str(code))

    def heard(self, what: str) -> str | None:
        """What the gate has written down: `command`, `input`, `processes`, `mode`."""
        path = self.folder / what
        return path.read_text() if path.exists() else None

    def forget(self) -> None:
        """As if it had never been asked."""
        for name in ("command", "input", "processes", "mode"):
            (self.folder / name).unlink(missing_ok=True)

    def stop(self) -> None:
        """For good."""
        self._process.terminate()
        self._process.wait(10)


def ssh_keygen(*arguments: str) -> str:
    """Its standard output; it must succeed."""
    done = subprocess.run(["ssh-keygen", *arguments], capture_output=True, text=True, check=True)
    return done.stdout
