# SPDX-License-Identifier: Apache-2.0
"""What is measured beside the table: one connection, more processes, idle connections, media, logins,
start and memory. Each function returns what it found as a dictionary with “name”, “value”, “goal”,
“met” and whatever else there is to say."""

import os
import resource
import shutil
import statistics
import sys
import time
from urllib.parse import urlsplit

from servers import DouTok, Nginx, Server, Wrk, cpu_seconds, memory
from table import CONNECTIONS, WORKERS, in_turn, load, median

MIB = 1 << 20
GIB = 1 << 30

FILE_SIZE = 20 * MIB
RANGE_SIZE = 1 * MIB
MEDIA_CONNECTIONS = 8
# Fewer than for the table: wrk, which shares the cores with the gateways, has less to do.
SCALING_CONNECTIONS = 16
# As many as load.lua has.
SCROLL_PLACES = 900
IDLE_KEPT = 5000
IDLE_WEBSOCKETS = 1000
LOGINS = 64
SETTLE_SECONDS = 1


def finding(name, value, unit, goal, met, **more):
    return {"name": name, "value": value, "unit": unit, "goal": goal, "met": met, **more}


def one_connection(places, doutok, rounds, seconds):
    runs = in_turn(places, doutok, "feed-guest", rounds, seconds, connections=1)
    ours, theirs = median(runs["doutok"], "p50"), median(runs["constant"], "p50")
    ratio = ours / max(1, theirs)
    return finding("one connection, guest feed: median / constant server's", ratio, "", "≤ 2",
                   ratio <= 2, doutok_us=ours, constant_us=theirs, runs=runs)


def children_cpu_seconds():
    """CPU time of wrk and whatever else ended and was waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def scroll(places, url, seconds):
    """Asks for pages of the feed as the table's row does, but does not look into the answers."""
    first = places.description
    oldest = first["first_time"] + (first["videos"] - SCROLL_PLACES) * first["time_step"]
    return Wrk(places, "plain.lua", f"{url}/douyin/feed/", seconds, SCALING_CONNECTIONS,
               ("page", oldest, first["time_step"], SCROLL_PLACES))


def scaling(places, doutok, state, rounds, seconds):
    """Two servers of their own, in turn, under the request that costs a gateway most beside what it costs
    wrk. Where wrk shares few cores with the gateways, what it takes bounds what a second gateway can add:
    no more than all cores by what one request costs both of them."""
    runs = {1: [], WORKERS: []}
    bounds = []
    single_state = places.copy_set()
    # So that the tokens are good for both.
    shutil.copy(os.path.join(state, "token-keys"), single_state)
    with DouTok(places, single_state, 1) as single:
        scroll(places, single.url, 1).finish()
        scroll(places, doutok.url, 1).finish()
        for _ in range(rounds):
            runs[1].append(scroll(places, single.url, seconds).finish())
            before = cpu_seconds(doutok.pid) + children_cpu_seconds()
            run = scroll(places, doutok.url, seconds).finish()
            cost = (cpu_seconds(doutok.pid) + children_cpu_seconds() - before) / run["requests"]
            runs[WORKERS].append(run)
            bounds.append(min(WORKERS, os.cpu_count() / cost / runs[1][-1]["rate"]))
    ratios = [b["rate"] / a["rate"] for a, b in zip(runs[1], runs[WORKERS])]
    ratio = statistics.median(ratios)
    bound = statistics.median(bounds)
    return finding(f"feed, scrolling, {SCALING_CONNECTIONS} connections: 2 gateway processes / 1 "
                   f"({bound:.2f} if no core idles)", ratio, "", "≥ 1.5", ratio >= 1.5, runs=runs,
                   ratios=ratios, bounds=bounds,
                   errors=sum(run["errors"] for run in runs[1] + runs[WORKERS]))


def idle_connections(places, doutok, rounds, seconds):
    """The guest feed beside connections that do nothing, and without them, in turn."""
    address = urlsplit(doutok.url)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "idle.py")
    with open(places.path("tokens"), encoding="ascii") as file:
        n_websockets = min(IDLE_WEBSOCKETS, len(file.readlines()))
    alone, beside = [], []
    for _ in range(rounds):
        alone.append(load(places, doutok.url, "feed-guest", seconds).finish())
        with Server([sys.executable, script, address.hostname, address.port, IDLE_KEPT,
                     n_websockets, places.path("tokens")], places.path("idle.log")) as idle:
            idle.wait_for("^ready$")
            beside.append(load(places, doutok.url, "feed-guest", seconds).finish())
    ratio = statistics.median(b["rate"] / a["rate"] for a, b in zip(alone, beside))
    return finding(f"guest feed beside {IDLE_KEPT} idle connections and {n_websockets} idle "
                   "WebSockets / without", ratio, "", "≥ 0.8", ratio >= 0.8, alone=alone,
                   beside=beside, errors=sum(run["errors"] for run in alone + beside))


def make_file(state):
    """A file as the video service would leave it."""
    name = "video/00/430000000000000.mp4"
    path = os.path.join(state, "media", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        for _ in range(FILE_SIZE // MIB):
            file.write(os.urandom(MIB))
    return "/media/" + name


def media(places, doutok, state, rounds, seconds):
    """CPU time of the server per byte sent, beside nginx."""
    path = make_file(state)
    findings = []
    with Nginx(places, os.path.join(state, "media"), WORKERS) as nginx:
        for name, arguments in (("full GET", ()), ("1 MiB Ranges", ("range", FILE_SIZE, RANGE_SIZE))):
            costs = {"doutok": [], "nginx": []}
            errors = 0
            for _ in range(rounds):
                for key, server in (("doutok", doutok), ("nginx", nginx)):
                    before = cpu_seconds(server.pid)
                    run = Wrk(places, "plain.lua", server.url + path, seconds, MEDIA_CONNECTIONS,
                              arguments).finish()
                    costs[key].append((cpu_seconds(server.pid) - before) / (run["bytes"] / GIB))
                    errors += run["errors"]
            ratio = statistics.median(a / b for a, b in zip(costs["doutok"], costs["nginx"]))
            findings.append(finding(
                f"media, {name} of 20 MiB: CPU a GiB / nginx's with sendfile", ratio, "", "≤ 1.5",
                ratio <= 1.5, doutok_seconds_per_gib=costs["doutok"],
                nginx_seconds_per_gib=costs["nginx"], errors=errors))
    return findings


def logins(places, doutok, rounds, seconds):
    """The guest feed's tail while passwords are hashed all the time, and without."""
    alone, beside, hashes = [], [], []
    for _ in range(rounds):
        alone.append(load(places, doutok.url, "feed-guest", seconds).finish())
        others = load(places, doutok.url, "login", seconds, LOGINS)
        beside.append(load(places, doutok.url, "feed-guest", seconds).finish())
        hashes.append(others.finish())
    ratio = statistics.median(b["p99"] / a["p99"] for a, b in zip(alone, beside))
    return finding(f"guest feed's p99 beside {LOGINS} logins at once / without", ratio, "", "≤ 3",
                   ratio <= 3, alone=alone, beside=beside, logins=hashes,
                   logins_per_second=median(hashes, "rate"),
                   errors=sum(run["errors"] for run in alone + beside + hashes))


def start(places, doutok, rounds):
    """From the start of `doutok serve` to /readyz; that of the server under test was the first."""
    times = [doutok.seconds_to_ready]
    state = places.copy_set()
    for _ in range(rounds):
        with DouTok(places, state, WORKERS) as server:
            times.append(server.seconds_to_ready)
    worst = max(times)
    return finding("from “doutok serve” to ready, the longest", worst, "s", "≤ 1.5", worst <= 1.5,
                   times=times)


def empty_memory(places):
    with DouTok(places, places.new_directory("empty"), WORKERS) as server:
        time.sleep(SETTLE_SECONDS)
        sizes = memory(server.pid)
    total = sum(sizes.values()) / MIB
    return finding("memory of all processes, idle, empty store", total, "MiB", "≤ 80", total <= 80,
                   programs=sizes)


def full_memory(doutok):
    sizes = memory(doutok.pid)
    total = sum(sizes.values()) / MIB
    return finding("memory of all processes after all this", total, "MiB", "≤ 256", total <= 256,
                   programs=sizes)


def format_finding(found):
    value = f"{found['value']:.0f}" if found["unit"] == "MiB" else f"{found['value']:.2f}"
    errors = f"  {found['errors']} errors" if found.get("errors") else ""
    return (f"{found['name']:<76} {value + ' ' + found['unit']:>9}  {found['goal']:<6}"
            f" {'' if found['met'] else 'missed'}{errors}").rstrip()
