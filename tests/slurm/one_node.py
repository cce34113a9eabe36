"""A real SLURM cluster of one node, on a Debian machine with or without systemd.

    python -m tests.slurm.one_node start     installs it from Debian packages and starts it
    python -m tests.slurm.one_node stop      cancels its jobs and stops it

It has two partitions, `cpu` and `gpu`, two pretended GPUs, and accounting with the account `lab`.
Everything listens on 127.0.0.1 only and lives in a folder of its own, except that the place of
`slurm.conf` is fixed: SLURM takes SLURM_CONF away from the steps of a job.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.kit.waiting import HANGS_S

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "slurmdbd", "munge", "mariadb-server")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "slurmdbd", "munged", "mariadbd")
SLURM_CONF = Path("/etc/slurm/slurm.conf")
GRES_CONF = Path("/etc/slurm/gres.conf")
DBD_CONF = Path("/etc/slurm/slurmdbd.conf")
POLICY = Path("/usr/sbin/policy-rc.d")
OURS = "# The one-node SLURM of the tests of emoalign.\n"

CPUS, MEMORY_MB, GPUS = 8, 16_000, 2
"""What the node pretends to have: jobs wait for each other on real cores, not in the queue."""

CTLD_PORT, NODE_PORT, DBD_PORT, DATABASE_PORT = 26_817, 26_818, 26_819, 26_820


class SlurmError(Exception):
    """SLURM cannot be installed or started here; the message says why."""


@dataclass(frozen=True)
class OneNode:
    """The cluster, in its folder."""

    folder: Path = Path("/var/tmp/one-node-slurm")

    def start(self) -> None:
        """Install what is missing, and start what does not run. Raises SlurmError."""
        if os.geteuid() != 0:
            raise SlurmError("the one-node SLURM must be installed and started by root")
        if SLURM_CONF.exists() and not SLURM_CONF.read_text("utf-8").startswith(OURS):
            raise SlurmError(f"{SLURM_CONF} is there already: this machine belongs to a cluster")
        install()
        self._lay_out()
        daemons: Sequence[tuple[str, Sequence[str], Callable[[], bool]]] = (
            ("munged", self._munged, self._munge_answers),
            ("mariadbd", self._mariadbd, lambda: port_answers(DATABASE_PORT)),
            ("slurmdbd", ["slurmdbd"], lambda: succeeds("sacctmgr", "-n", "show", "cluster")),
            ("slurmctld", ["slurmctld"], lambda: succeeds("scontrol", "ping")),
            ("slurmd", ["slurmd"], self._node_is_up),
        )
        for name, command, ready in daemons:
            if not self._running(name):
                self._launch(name, command)
            self._wait(name, ready)
            if name == "slurmdbd":
                self._open_account()

    def stop(self) -> None:
        """Cancel all jobs, stop everything, and take the configuration away."""
        if self._running("slurmctld"):
            subprocess.run(["scancel", "--user=root"], check=False, capture_output=True)
            waiting(60, lambda: succeeds("squeue") and not output("squeue", "--noheader"))
        for name in ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged"):
            self._end(name)
        for file in (SLURM_CONF, GRES_CONF, DBD_CONF):
            if file.exists() and file.read_text("utf-8").startswith(OURS):
                file.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def running(self) -> Iterator[OneNode]:
        """The cluster, freshly started, for as long as the block lasts."""
        self.stop()
        try:
            self.start()
            yield self
        finally:
            self.stop()

    @property
    def state(self) -> Path:
        """Where slurmctld keeps its jobs, readable by the administrator alone."""
        return self.folder / "state"

    def _lay_out(self) -> None:
        for name in ("log", "run", "state", "spool", "munge", "database", "dev"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shutil.chown(self.folder / "database", "mysql", "mysql")
        for name in ("munge", "state"):
            (self.folder / name).chmod(0o700)
        key = self.folder / "munge" / "key"
        if not key.exists():
            key.write_bytes(secrets.token_bytes(1024))
            key.chmod(0o400)
        password = self.folder / "munge" / "database-password"
        if not password.exists():
            password.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        for number in range(GPUS):
            # Only devices make SLURM set CUDA_VISIBLE_DEVICES.
            device = self.folder / "dev" / f"gpu{number}"
            device.unlink(missing_ok=True)
            device.symlink_to("/dev/null")
        host = socket.gethostname().split(".")[0]
        if not succeeds("getent", "hosts", host):
            with Path("/etc/hosts").open("a", encoding="utf-8") as hosts:
                hosts.write(f"127.0.0.1 {host}\n")
        SLURM_CONF.parent.mkdir(exist_ok=True)
        SLURM_CONF.write_text(OURS + self._slurm_conf(host), encoding="utf-8")
        devices = f"{self.folder}/dev/gpu[0-{GPUS - 1}]"
        GRES_CONF.write_text(f"{OURS}Name=gpu Type=fake File={devices}\n", encoding="utf-8")
        DBD_CONF.touch(mode=0o600)
        DBD_CONF.write_text(OURS + self._dbd_conf(host, password.read_text("utf-8")), "utf-8")
        self._database_user.write_text(
            "CREATE DATABASE IF NOT EXISTS slurm_acct_db;\n"
            "CREATE OR REPLACE USER slurm@'127.0.0.1' IDENTIFIED BY "
            f"'{password.read_text('utf-8')}';\n"
            "GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1';\n",
            encoding="utf-8",
        )
        shutil.chown(self._database_user, "mysql", "mysql")
        self._database_user.chmod(0o400)

    def _slurm_conf(self, host: str) -> str:
        return f"""
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={CTLD_PORT}
SlurmdPort={NODE_PORT}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket={self._munge_socket}
SlurmctldPidFile={self.folder}/run/slurmctld.pid
SlurmdPidFile={self.folder}/run/slurmd.pid
SlurmctldLogFile={self.folder}/log/slurmctld.log
SlurmdLogFile={self.folder}/log/slurmd.log
StateSaveLocation={self.state}
SlurmdSpoolDir={self.folder}/spool
PlugStackConfig=/dev/null

# Without control groups: they may not be at hand inside a container.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
KillWait=5

SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
SlurmdParameters=config_overrides
ReturnToService=2

AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={DBD_PORT}
AccountingStoragePass={self._munge_socket}
AccountingStorageEnforce=associations
AccountingStorageTRES=gres/gpu
GresTypes=gpu

NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs={CPUS} RealMemory={MEMORY_MB} \
Gres=gpu:fake:{GPUS}
PartitionName=cpu Nodes=node Default=YES MaxTime=1-00:00:00
PartitionName=gpu Nodes=node MaxTime=1-00:00:00
"""

    def _dbd_conf(self, host: str, password: str) -> str:
        return f"""
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={DBD_PORT}
CommunicationParameters=NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={self._munge_socket}
LogFile={self.folder}/log/slurmdbd.log
PidFile={self.folder}/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={DATABASE_PORT}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct_db
"""

    @property
    def _munge_socket(self) -> Path:
        return self.folder / "run" / "munge.sock"

    @property
    def _database_user(self) -> Path:
        return self.folder / "database" / "user.sql"

    @property
    def _munged(self) -> list[str]:
        munge = self.folder / "munge"
        return [
            "munged",
            "--force",
            f"--key-file={munge / 'key'}",
            f"--socket={self._munge_socket}",
            f"--pid-file={self.folder}/run/munged.pid",
            f"--log-file={munge / 'munged.log'}",
            f"--seed-file={munge / 'seed'}",
        ]

    @property
    def _mariadbd(self) -> list[str]:
        data = self.folder / "database" / "data"
        if not data.exists():
            run("mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={data}")
        return [
            "mariadbd",
            "--no-defaults",
            "--user=mysql",
            f"--datadir={data}",
            f"--socket={self.folder}/database/socket",
            f"--pid-file={self.folder}/database/pid",
            f"--init-file={self._database_user}",
            "--bind-address=127.0.0.1",
            f"--port={DATABASE_PORT}",
            "--innodb-buffer-pool-size=128M",
            "--innodb-lock-wait-timeout=900",
            "--skip-name-resolve",
        ]

    def _munge_answers(self) -> bool:
        return succeeds("munge", "--no-input", f"--socket={self._munge_socket}")

    def _node_is_up(self) -> bool:
        return output("sinfo", "--noheader", "--format=%T").split("\n")[0] in ("idle", "mixed")

    def _open_account(self) -> None:
        listed = output("sacctmgr", "-nP", "show", "assoc", "format=cluster,account,user")
        if "one|lab|root" not in listed:
            run("sacctmgr", "--immediate", "add", "cluster", "one")
            run("sacctmgr", "--immediate", "add", "account", "lab")
            run("sacctmgr", "--immediate", "add", "user", "root", "account=lab")

    def _launch(self, name: str, command: Sequence[str]) -> None:
        with (self.folder / "log" / f"{name}.out").open("ab") as log:
            # In the background, mariadbd too, and for longer than the process that starts them.
            started = ["setsid", "--fork", *command]
            subprocess.run(started, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=True)

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        if not waiting(HANGS_S, ready):
            logs = (self.folder / "log").glob(f"{name}*")
            tail = "\n".join(
                line for log in logs for line in log.read_text("utf-8").splitlines()[-15:]
            )
            raise SlurmError(f"{name} did not start. Its log ends with:\n{tail}")

    def _pid(self, name: str) -> int | None:
        place = "database/pid" if name == "mariadbd" else f"run/{name}.pid"
        try:
            return int((self.folder / place).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def _running(self, name: str) -> bool:
        pid = self._pid(name)
        # Empty for a process that has ended and was not yet taken note of.
        command = Path(f"/proc/{pid}/cmdline")
        return pid is not None and command.exists() and name in command.read_text("utf-8")

    def _end(self, name: str) -> None:
        pid = self._pid(name)
        if pid is None or not self._running(name):
            return
        os.kill(pid, signal.SIGTERM)
        if not waiting(60, lambda: not self._running(name)):
            os.kill(pid, signal.SIGKILL)


def install() -> None:
    """Install the packages that are missing, without starting their services. Raises SlurmError."""
    if all(shutil.which(program) for program in PROGRAMS):
        return
    if shutil.which("apt-get") is None:
        raise SlurmError("the one-node SLURM is installed with apt-get, which is not here")
    keep_policy = POLICY.exists()
    if not keep_policy:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        POLICY.chmod(0o755)
    try:
        run("apt-get", "update", "-q")
        run("apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES)
    finally:
        if not keep_policy:
            POLICY.unlink()


def run(*command: str) -> None:
    """Run a command that must succeed. Raises SlurmError with what it said."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-2000:]
        raise SlurmError(f"`{' '.join(command)}` failed:\n{said}")


def output(*command: str) -> str:
    """What a command prints; nothing where it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def succeeds(*command: str) -> bool:
    """Whether a command exits with 0; one that hangs may be tried again."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def port_answers(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def waiting(seconds: float, condition: Callable[[], bool]) -> bool:
    """Wait until a condition holds; False when it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


if __name__ == "__main__":
    actions = {"start": OneNode().start, "stop": OneNode().stop}
    try:
        actions[sys.argv[1]]()
    except (IndexError, KeyError):
        sys.exit("usage: python -m tests.slurm.one_node start|stop")
    except SlurmError as error:
        sys.exit(str(error))
