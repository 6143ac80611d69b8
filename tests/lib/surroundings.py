# SPDX-License-Identifier: Apache-2.0
"""What is around a server under test: a database on the engine of DOUTOK_TEST_ENGINE and, with
DOUTOK_TEST_SURROUNDINGS, a Redis and an object store. All are real, and end with this process. Servers are
told apart by their state directories; one that is started again in the same has again what it had."""

import contextlib
import os
import pathlib
import sqlite3
import subprocess
import time

ENGINE = os.environ.get("DOUTOK_TEST_ENGINE") or "sqlite"
HAS_OBJECTS = bool(os.environ.get("DOUTOK_TEST_SURROUNDINGS"))
# Whether the state directory is all that a server has, so that a copy of it is as good as the server.
IS_IN_FILES = ENGINE == "sqlite" and not HAS_OBJECTS
# Seconds for which another has an SQLite file at most.
TIMEOUT = 60

_program = None
_texts = {}


def _ask(*words):
    """Calls surroundings.c, and returns the lines of the answer."""
    global _program
    if _program is None:
        path = pathlib.Path(os.environ["G_TEST_BUILDDIR"]) / "lib" / "test-surroundings"
        _program = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print(*words, sep="\t", file=_program.stdin, flush=True)
    lines = []
    for line in iter(_program.stdout.readline, ".\n"):
        if not line:
            raise AssertionError("What is around the server has ended")
        # What GLib's test framework has to say stands between the answers, as comments of TAP.
        if not line.startswith("#"):
            lines.append(line.removesuffix("\n"))
    return lines


def get_configuration(state_dir):
    """The groups of a configuration file for a server in that directory."""
    if IS_IN_FILES:
        return ""
    if state_dir not in _texts:
        _texts[state_dir] = "\n" + "\n".join(_ask("new", state_dir)) + "\n"
    return _texts[state_dir]


def select(state_dir, domain, columns, sql):
    """The rows that a query has in the tables of a domain: tuples. `columns` has an “x” for each number in
    them, and an “s” for each text."""
    if ENGINE == "sqlite":
        with contextlib.closing(sqlite3.connect(f"file:{state_dir}/{domain}.db?mode=ro", uri=True,
                                                timeout=TIMEOUT)) as database:
            return database.execute(sql).fetchall()
    return [tuple(int(cell) if column == "x" else cell for column, cell in zip(columns, row.split("\t")))
            for row in _ask("select", state_dir, columns, sql)]


def list_columns(state_dir, domain):
    """Tables and their columns: pairs. A server has all domains in one database, and says so each time."""
    if ENGINE == "sqlite":
        return select(state_dir, domain, "ss", "SELECT t.name, c.name FROM sqlite_schema AS t, "
                      "pragma_table_info(t.name) AS c WHERE t.type = 'table'")
    schema = "current_schema()" if ENGINE == "postgresql" else "database()"
    return select(state_dir, domain, "ss", "SELECT table_name, column_name FROM information_schema.columns "
                  f"WHERE table_schema = {schema}")


def list_media(state_dir):
    """The names of all media of a server, as “video/ab/1.mp4”, wherever they are. What is in an object store
    is tidied up here afterwards, for which nobody waits but this."""
    directory = pathlib.Path(state_dir) / "media"
    end = time.monotonic() + TIMEOUT
    while True:
        names = [str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()]
        if not HAS_OBJECTS:
            return sorted(names)
        if not any(name.startswith("work/") for name in names) or time.monotonic() > end:
            return sorted(names + _ask("list", state_dir))
        time.sleep(0.05)


def read_media(state_dir, name):
    """The bytes of one of list_media()."""
    if not HAS_OBJECTS:
        return (pathlib.Path(state_dir) / "media" / name).read_bytes()
    copy = pathlib.Path(state_dir) / "copy"
    _ask("get", state_dir, name, copy)
    content = copy.read_bytes()
    copy.unlink()
    return content


def remove_media(state_dir, name):
    """Takes one of list_media() away."""
    if HAS_OBJECTS:
        _ask("remove", state_dir, name)
    else:
        (pathlib.Path(state_dir) / "media" / name).unlink()
