# SPDX-License-Identifier: Apache-2.0
"""The benchmark; run.sh builds what it runs and says what it does."""

import argparse
import contextlib
import datetime
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import beside
import engines
import servers
import table
from servers import DouTok, Failure

MIB = 1 << 20
GIB = 1 << 30

# Users who are logged in.
TOKENS = {"tiny": 100, "small": 1000, "large": 10000}
# What a set and one copy of it take.
SPACE = {"tiny": 10 * MIB, "small": 100 * MIB, "large": 8 * GIB}
MAKE_TIMEOUT = 3600


class Places:
    """Where things are, and temporary files that go when the benchmark ends."""

    def __init__(self):
        self.build = os.environ["DOUTOK_BENCH_BUILD"]
        self.bin = os.environ["DOUTOK_BENCH_BIN"]
        # Sockets have short paths; copies of sets lie where the sets are.
        self.directory = tempfile.mkdtemp(prefix="doutok-bench-")
        self.data = os.path.join(self.build, "sets")
        os.makedirs(self.data, exist_ok=True)
        self._remove_leftovers()
        self.copies = os.path.join(self.data, f"run-{os.getpid()}")
        os.mkdir(self.copies, 0o700)
        self.set = None
        self.description = None
        # Of servers that DouTok is to use.
        self.configuration = ""
        self._count = 0

    def _remove_leftovers(self):
        """A run that was killed leaves its copies, which may be large."""
        for name in os.listdir(self.data):
            if name.startswith("run-") and not os.path.exists("/proc/" + name[len("run-"):]):
                shutil.rmtree(os.path.join(self.data, name), ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def new_directory(self, name):
        self._count += 1
        path = self.path(f"{name}-{self._count}")
        os.mkdir(path, 0o700)
        return path

    def new_file(self, name, text):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def copy_set(self):
        """A state directory that may be written to."""
        self._count += 1
        path = os.path.join(self.copies, str(self._count))
        subprocess.run(["cp", "-r", "--reflink=auto", self.set, path], check=True)
        # What is written back later would be written back during a measurement.
        subprocess.run(["sync", "-f", path], check=True)
        return path

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.copies, ignore_errors=True)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def bench_data(places, *arguments, **options):
    return subprocess.run([os.path.join(places.build, "tests/bench/bench-data"), *arguments],
                          check=True, timeout=MAKE_TIMEOUT, **options)


def find_set(places, name):
    """Makes the set unless it is there, and tells what is in it."""
    description = json.loads(bench_data(places, "describe", name, stdout=subprocess.PIPE).stdout)
    path = os.path.join(places.data, description["key"])
    free = shutil.disk_usage(places.data).free
    if free < SPACE[name]:
        raise Failure(f"{SPACE[name] // MIB} MiB of free space are needed in {places.data}")
    if not os.path.exists(path):
        say(f"making the data set “{name}” in {path}")
        part = os.path.join(places.copies, "part")
        bench_data(places, "make", name, part, stdout=sys.stderr)
        os.rename(part, path)
        for other in os.listdir(places.data):
            if other.startswith(name + "-") and other != description["key"]:
                shutil.rmtree(os.path.join(places.data, other))
    places.set = path
    with open(places.path("set.lua"), "w", encoding="utf-8") as file:
        numbers = ", ".join(f"{key} = {json.dumps(value)}" for key, value in description.items())
        file.write(f"return {{ {numbers} }}\n")
    return description


def make_tokens(places, name, state):
    with open(places.path("tokens"), "wb") as file:
        bench_data(places, "tokens", name, state, str(TOKENS[name]), stdout=file)


def describe_machine():
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next((line.split(":", 1)[1].strip() for line in file
                          if line.startswith("model name")), model)
    except OSError:
        pass
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "processor": model, "cores": os.cpu_count(), "kernel": platform.release(),
        "load_average": os.getloadavg(),
    }


class Run:
    """One run: what was asked for, and what was found."""

    def __init__(self, options, places):
        self.options = options
        self.places = places
        self.set = "tiny" if options.smoke else "large" if options.large else "small"
        self.rounds = 1 if options.smoke else 2 if options.quick else 5
        self.seconds = 1 if options.quick or options.smoke else 4
        self.results = {"machine": describe_machine(), "set": self.set, "engine": options.engine,
                        "redis": options.redis, "cache": options.cache, "rounds": self.rounds,
                        "seconds": self.seconds, "connections": table.CONNECTIONS,
                        "workers": table.WORKERS, "table": [], "beside": []}
        self.failed = False

    def wants(self, name):
        return not self.options.only or any(word in name for word in self.options.only)

    def measure_table(self, doutok):
        print(table.line(table.HEADER), flush=True)
        for name, row, target in table.ROWS:
            if self.wants(name):
                result = table.measure(self.places, doutok, name, row, target, self.rounds,
                                       self.seconds)
                self.results["table"].append(result)
                print(table.format_row(result), flush=True)
        print()

    def add(self, name, function, *arguments):
        if not self.wants(name):
            return
        try:
            found = function(*arguments)
        except Failure as failure:
            self.failed = True
            say(f"{name}: {failure}")
            return
        for one in found if isinstance(found, list) else [found]:
            self.results["beside"].append(one)
            print(beside.format_finding(one), flush=True)

    def measure_beside(self, doutok, state):
        places = self.places
        rounds = min(self.rounds, 3)
        few = 1 if rounds < 3 else rounds
        seconds = min(self.seconds, 3)
        self.add("one connection", beside.one_connection, places, doutok, few, seconds)
        self.add("processes", beside.scaling, places, doutok, state, few, seconds)
        self.add("idle", beside.idle_connections, places, doutok, few, seconds)
        self.add("media", beside.media, places, doutok, state, few, seconds)
        self.add("logins", beside.logins, places, doutok, rounds, seconds)
        self.add("start", beside.start, places, doutok, rounds)
        self.add("memory", beside.empty_memory, places)
        self.add("memory", beside.full_memory, doutok)

    def describe_set(self):
        backends = [engines.DATABASES[self.options.engine].title] if self.options.engine else []
        backends += ["Redis"] if self.options.redis else []
        on = f" on {' and '.join(backends)}" if backends else ""
        cache = f", caches of {self.options.cache}" if self.options.cache else ""
        return f"{self.set} data set{on}{cache}"

    def measure(self):
        self.places.description = find_set(self.places, self.set)
        machine = self.results["machine"]
        print(f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, Linux "
              f"{machine['kernel']}, load {machine['load_average'][0]:.1f}")
        print(f"{self.describe_set()}, {table.WORKERS} gateway processes, {table.CONNECTIONS} "
              f"connections, {self.rounds} rounds of {self.seconds} s\n", flush=True)
        state = self.places.copy_set()
        with contextlib.ExitStack() as stack:
            self.start_backends(stack, state)
            doutok = stack.enter_context(DouTok(self.places, state, table.WORKERS))
            make_tokens(self.places, self.set, state)
            self.measure_table(doutok)
            # The rest starts servers on copies of the set, which a database server has only one of.
            if not self.options.engine:
                self.measure_beside(doutok, state)

    def start_backends(self, stack, state):
        """The servers that were asked for. What is in the set is moved into the database."""
        started = []
        if self.options.engine:
            database = stack.enter_context(engines.DATABASES[self.options.engine](self.places))
            say(f"copying the data set to {database.title}")
            engines.move(self.places, state, database)
            started.append(database)
        if self.options.redis:
            started.append(stack.enter_context(engines.Redis(self.places)))
        cache = self.options.cache
        self.places.configuration = "".join(backend.configuration for backend in started)
        if cache:
            self.places.configuration += f"[cache]\ngateway={cache}\nservice={cache}\n"

    def count_errors(self):
        return sum(found.get("errors", 0) for found in
                   self.results["table"] + self.results["beside"])


def parse_arguments():
    parser = argparse.ArgumentParser(prog="run.sh")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--smoke", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--large", action="store_true", help="the large data set")
    parser.add_argument("--engine", choices=sorted(engines.DATABASES),
                        help="the table only, with the data set on this database server")
    parser.add_argument("--redis", action="store_true", help="with a Redis")
    parser.add_argument("--cache", metavar="SIZE", help="the gateways' memory, and a service's for each kind of rows")
    parser.add_argument("--json", metavar="FILE", help="also writes every number")
    parser.add_argument("--only", metavar="WORD", action="append",
                        help="only rows whose name has this word in it")
    return parser.parse_args()


def interrupt(signum, frame):
    raise KeyboardInterrupt


def main():
    options = parse_arguments()
    # SIGINT, too: a shell that runs this in the background has it ignored.
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    servers.raise_descriptor_limit()
    places = Places()
    run = Run(options, places)
    began = time.monotonic()
    try:
        run.measure()
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except (Failure, OSError, subprocess.SubprocessError) as error:
        say(str(error))
        return 1
    finally:
        run.results["duration_seconds"] = time.monotonic() - began
        places.remove()

    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(run.results, file, indent=1)
    print(f"\n{run.results['duration_seconds']:.0f} s, {run.count_errors()} wrong answers")
    return 1 if run.failed or run.count_errors() else 0


if __name__ == "__main__":
    sys.exit(main())
