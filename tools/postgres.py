"""A PostgreSQL server in a temporary folder, for tests and rehearsals."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg

_PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin"


def programs():
    """The folder of the newest initdb and postgres; None where there is none."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name))
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _user():
    """PostgreSQL does not run as root."""
    if os.getuid():
        return {}
    names = [user.pw_name for user in pwd.getpwall()]
    name = "postgres" if "postgres" in names else "nobody"
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


class Server:
    """One cluster in a folder of its own, reached by TCP at 127.0.0.1."""

    def __init__(self, *settings, primary=None):
        self.bin = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="mailer-postgres-"))
        if not os.getuid():
            shutil.chown(self.folder, _user()["user"])
        self.port = free_port()
        self.settings = settings
        self.process = None
        if primary:
            self._run(
                "pg_basebackup",
                "-R",
                "--no-sync",
                "--checkpoint=fast",
                "-d",
                primary.url("postgres"),
                "-D",
                self.data,
            )
        else:
            options = ["--no-sync", "--auth=trust", "--username=mailer", "--encoding=UTF8"]
            self._run("initdb", *options, "-D", self.data)

    def standby(self):
        """A server that follows this one, asynchronously, from where it is now."""
        return Server(*self.settings, primary=self)

    def promote(self):
        self.admin("SELECT pg_promote()")

    @property
    def data(self):
        return self.folder / "data"

    def _run(self, program, *arguments):
        command = [self.bin / program, *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **_user())

    def start(self):
        settings = [
            f"unix_socket_directories={self.folder}",
            "listen_addresses=127.0.0.1",
            *self.settings,
        ]
        flags = [flag for setting in settings for flag in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.data, "-p", str(self.port), *flags],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **_user(),
            )
        self._wait()

    def _wait(self):
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _answers(self):
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, mode="fast"):
        if self.process:
            self._run("pg_ctl", "stop", "-D", self.data, "-m", mode)
            self.process.wait()
            self.process = None

    def close(self):
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database):
        return f"postgresql://mailer@127.0.0.1:{self.port}/{database}"

    def admin(self, statement):
        with closing(psycopg.connect(self.url("postgres"), autocommit=True)) as connection:
            return (
                connection.execute(statement).fetchall()
                if statement.startswith("SELECT")
                else connection.execute(statement)
            )

    def create(self, name="", template="template0"):
        """A new database; its address."""
        name = name or f"t{uuid4().hex[:12]}"
        self.admin(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


class Pooler:
    """PgBouncer before a server."""

    def __init__(self, server, mode):
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="mailer-pgbouncer-"))
        settings = self._folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nauth_type = trust\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\npool_mode = {mode}\n"
            f"unix_socket_dir =\nlogfile = {self._folder}/log\nauth_file = {self._folder}/users\n"
        )
        (self._folder / "users").write_text('"mailer" ""\n')
        if not os.getuid():
            for path in (self._folder, settings):
                shutil.chown(path, _user()["user"])
        self._process = subprocess.Popen(
            [shutil.which("pgbouncer", path=_PATHS), "-q", settings], cwd=self._folder, **_user()
        )
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert self._process.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.05)
        raise TimeoutError("PgBouncer does not listen")

    def url(self, address):
        """The address of a database as it is reached through the pool."""
        return f"postgresql://mailer@127.0.0.1:{self.port}/{address.rpartition('/')[2]}"

    def close(self):
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def has_pooler():
    return shutil.which("pgbouncer", path=_PATHS) is not None
