# SPDX-License-Identifier: Apache-2.0
"""Database servers and Redis for the benchmark: as Debian has them, with their own defaults where it
matters, so that a commit waits for the disk."""

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time

from servers import START_TIMEOUT, Failure, Server

# Servers refuse to run as root; this is nobody, with the group nogroup.
UNPRIVILEGED = 65534
MARIADB_SQL = "/usr/share/mysql"
# Nobody else may enter the directory that the socket is in.
PASSWORD = "bench"
COPY_TIMEOUT = 3600
POSTGRESQL_OPTIONS = ["-c", "listen_addresses=", "-c", "max_connections=200"]
MARIADB_OPTIONS = ["--no-defaults", "--skip-networking", "--performance-schema=OFF", "--skip-log-bin"]


class _Backend(Server):
    """A server in a directory of its own, which goes with it, and is not in /tmp: that may be in memory."""

    def __init__(self, places, name):
        self.directory = tempfile.mkdtemp(prefix="doutok-bench-", dir="/var/tmp")
        self._log_path = places.path(name + ".log")
        if os.geteuid() == 0:
            os.chown(self.directory, UNPRIVILEGED, UNPRIVILEGED)

    def _identity(self):
        if os.geteuid() == 0:
            return {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []}
        return {}

    def _start(self, arguments, socket_path):
        super().__init__(arguments, self._log_path, cwd=self.directory, **self._identity())
        end = time.monotonic() + START_TIMEOUT
        while not self._is_open(socket_path):
            if self.process.poll() is not None or time.monotonic() > end:
                raise self.failure("does not start")
            time.sleep(0.01)

    @staticmethod
    def _is_open(path):
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(path) == 0

    def _run(self, arguments, **options):
        with open(self._log_path, "ab") as log:
            subprocess.run(arguments, check=True, cwd=self.directory, stdout=log, stderr=log,
                           timeout=START_TIMEOUT, **self._identity(), **options)

    def stop(self):
        if hasattr(self, "process"):
            super().stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class PostgreSQL(_Backend):
    title = "PostgreSQL"

    def __init__(self, places):
        super().__init__(places, "postgresql")
        try:
            programs = max(glob.glob("/usr/lib/postgresql/*/bin"), default=None,
                           key=lambda path: int(path.split("/")[4]))
            if programs is None:
                raise Failure("PostgreSQL is not installed")
            data = os.path.join(self.directory, "data")
            self._run([f"{programs}/initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C",
                       "--no-instructions", "--auth=trust"])
            self._start([f"{programs}/postgres", "-D", data, "-k", self.directory, *POSTGRESQL_OPTIONS],
                        os.path.join(self.directory, ".s.PGSQL.5432"))
            self._ask("CREATE ROLE doutok LOGIN")
            self._ask("CREATE DATABASE doutok OWNER doutok")
        except BaseException:
            self.stop()
            raise
        self.configuration = (f"[database]\nengine=postgresql\nhost={self.directory}\nname=doutok\n"
                              f"user=doutok\npassword={PASSWORD}\n")

    def _ask(self, sql):
        """The socket is there a moment before it lets anybody in."""
        end = time.monotonic() + START_TIMEOUT
        while True:
            try:
                self._run(["psql", "-h", self.directory, "-U", "postgres", "-c", sql])
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise self.failure("lets nobody in") from None
            time.sleep(0.1)


class MariaDB(_Backend):
    title = "MariaDB"

    def __init__(self, places):
        super().__init__(places, "mariadb")
        try:
            program = shutil.which("mariadbd", path=os.environ["PATH"] + ":/usr/sbin")
            if program is None:
                raise Failure("MariaDB is not installed")
            path = os.path.join(self.directory, "socket")
            options = [*MARIADB_OPTIONS, "--datadir=" + self._make("data"), "--tmpdir=" + self._make("tmp")]
            self._run([program, *options, "--bootstrap"], input=self._system_tables())
            setup = os.path.join(self.directory, "setup.sql")
            with open(setup, "w", encoding="utf-8") as file:
                file.write("CREATE DATABASE doutok;\n"
                           f"CREATE USER doutok@localhost IDENTIFIED BY '{PASSWORD}';\n"
                           "GRANT ALL PRIVILEGES ON doutok.* TO doutok@localhost;\n")
            os.chmod(setup, 0o644)
            self._start([program, *options, "--socket=" + path, "--init-file=" + setup], path)
        except BaseException:
            self.stop()
            raise
        self.configuration = (f"[database]\nengine=mysql\nhost={path}\nname=doutok\nuser=doutok\n"
                              f"password={PASSWORD}\n")

    def _make(self, name):
        path = os.path.join(self.directory, name)
        self._run(["mkdir", path])
        return path

    @staticmethod
    def _system_tables():
        text = b"CREATE DATABASE mysql;\nUSE mysql;\n"
        for name in ("mysql_system_tables.sql", "mysql_system_tables_data.sql"):
            with open(os.path.join(MARIADB_SQL, name), "rb") as file:
                text += file.read()
        return text


class Redis(_Backend):
    title = "Redis"

    def __init__(self, places):
        super().__init__(places, "redis")
        path = os.path.join(self.directory, "socket")
        try:
            self._start(["redis-server", "--port", "0", "--unixsocket", path, "--save", "",
                         "--loglevel", "warning", "--dir", self.directory], path)
        except BaseException:
            self.stop()
            raise
        self.configuration = f"[redis]\nurl=unix:{path}\n"


DATABASES = {"postgresql": PostgreSQL, "mysql": MariaDB}


def move(places, state, database):
    """Takes what is in the SQLite files of a state directory into a database, as a user would."""
    server = f"[server]\nstate-dir={state}\n"
    source = places.new_file("from.conf", server)
    target = places.new_file("to.conf", server + database.configuration)
    with open(places.path("copy.log"), "w+", encoding="utf-8") as log:
        done = subprocess.run([os.path.join(places.bin, "doutok"), "copy", "--from", source, "--to",
                               target], stdout=log, stderr=log, timeout=COPY_TIMEOUT, check=False)
        log.seek(0)
        if done.returncode != 0:
            raise Failure("doutok copy: " + log.read()[-2000:])
