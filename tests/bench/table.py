# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: DouTok and the constant server in turn under the same requests."""

import os
import statistics

from servers import ConstantServer, Failure, Wrk

CONNECTIONS = 64
WORKERS = 2
MAX_P99_RATIO = 4
# Caches are warm when a warm-up is not so much faster than the one before it, or after so many.
FASTER = 1.2
MAX_WARM_UPS = 10

# The name, what load.lua calls it, and the least ratio of the rates.
ROWS = [
    ("feed, guest", "feed-guest", 1.00),
    ("feed, guest, scrolling", "feed-guest-scrolling", None),
    ("feed, logged in", "feed-user", 0.80),
    ("user information", "user", 0.90),
    ("comment list (20)", "comments", 0.80),
    ("chat poll, nothing new", "chat", 0.80),
    ("like/unlike, durable", "like", 0.60),
    ("send message, durable", "message", 0.55),
    ("add comment, durable", "comment", 0.55),
]


def load(places, url, row, seconds, connections=CONNECTIONS, sample="-"):
    return Wrk(places, "load.lua", url, seconds, connections,
               [row, places.path("set.lua"), places.path("tokens"), sample])


def warm_up(places, url, row, seconds):
    """Fills caches and keeps one answer: what the constant server is to say. It is of this run that
    answers have another length than in the one before it (counters grow). Goes on for as long as that makes
    it faster: where each viewer's first request costs much, one second is not enough."""
    sample = places.path(f"{row}.json")
    rate = 0
    for _ in range(MAX_WARM_UPS):
        former, rate = rate, load(places, url, row, seconds, sample=sample).finish()["rate"]
        if rate < former * FASTER:
            break
    if not os.path.exists(sample):
        load(places, url, row, seconds * 10, sample=sample).finish()
    if not os.path.exists(sample):
        raise Failure(f"“{row}”: too few answers")
    return sample


def in_turn(places, doutok, row, rounds, seconds, connections=CONNECTIONS):
    """Measures both, one right after the other, in alternating order. The constant server is a new one
    each time: libsoup never lets go of connections that clients closed, and gets slower with each."""
    body = warm_up(places, doutok.url, row, 1)
    ours, theirs = [], []

    def constant():
        with ConstantServer(places, body, WORKERS) as server:
            theirs.append(load(places, server.url, row, seconds, connections).finish())

    for i in range(rounds):
        if i % 2:
            constant()
        ours.append(load(places, doutok.url, row, seconds, connections).finish())
        if not i % 2:
            constant()
    return {"body_bytes": os.path.getsize(body), "doutok": ours, "constant": theirs}


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def measure(places, doutok, name, row, target, rounds, seconds):
    runs = in_turn(places, doutok, row, rounds, seconds)
    ratios = [a["rate"] / b["rate"] for a, b in zip(runs["doutok"], runs["constant"])]
    result = {
        "name": name, "row": row, "target": target,
        "ratio": statistics.median(ratios), "ratios": ratios,
        "body_bytes": runs["body_bytes"],
        "errors": sum(run["errors"] for run in runs["doutok"] + runs["constant"]),
        "runs": runs,
    }
    for side in ("doutok", "constant"):
        result[side] = {key: median(runs[side], key) for key in ("rate", "p50", "p90", "p99", "max")}
    result["p99_ratio"] = result["doutok"]["p99"] / max(1, result["constant"]["p99"])
    result["met"] = ((target is None or result["ratio"] >= target)
                     and result["p99_ratio"] <= MAX_P99_RATIO)
    return result


HEADER = ("request", "body", "DouTok/s", "const/s", "ratio", "goal", "p50 ms", "const", "p99 ms",
          "const", "errors", "")
WIDTHS = (-24, 7, 9, 9, 6, 5, 7, 7, 7, 7, 6, -6)


def line(cells):
    return " ".join(f"{cell:>{width}}" if width > 0 else f"{cell:<{-width}}"
                    for cell, width in zip(cells, WIDTHS)).rstrip()


def milliseconds(microseconds):
    return f"{microseconds / 1000:.2f}"


def format_row(result):
    ours, theirs = result["doutok"], result["constant"]
    target = result["target"]
    return line((result["name"], result["body_bytes"], f"{ours['rate']:.0f}",
                 f"{theirs['rate']:.0f}", f"{result['ratio']:.2f}",
                 "" if target is None else f"{target:.2f}",
                 milliseconds(ours["p50"]), milliseconds(theirs["p50"]),
                 milliseconds(ours["p99"]), milliseconds(theirs["p99"]), result["errors"],
                 "" if result["met"] else "missed"))
