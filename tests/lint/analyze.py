# SPDX-License-Identifier: Apache-2.0
"""Runs gcc's -fanalyzer:

    python3 analyze.py BUILD

over each file of src that BUILD compiles. Ends with 1 if there is a warning that analyzer.suppressions,
beside this file, gives no reason for."""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

BUILD = pathlib.Path(sys.argv[1])
SUPPRESSIONS = pathlib.Path(__file__).with_name("analyzer.suppressions")
WARNING = re.compile(r"(?:warning|error): .*\[(-W[a-z-]+)[^]]*\]$", re.M)


def analyze(entry):
    """What is said of a file, and the names of the warnings in it."""
    words = shlex.split(entry["command"])
    if os.path.basename(words[0]) == "ccache":
        del words[0]
    words[words.index("-o") + 1] = os.devnull
    done = subprocess.run([*words, "-fanalyzer", "-fdiagnostics-plain-output"], cwd=entry["directory"],
                          stderr=subprocess.PIPE, text=True, check=False)
    return entry["file"].removeprefix("../"), done.stderr, set(WARNING.findall(done.stderr))


def main():
    with open(BUILD / "compile_commands.json", encoding="utf-8") as file:
        entries = [entry for entry in json.load(file) if "src/" in entry["file"]]
    suppressed = {tuple(line.split()) for line in SUPPRESSIONS.read_text(encoding="utf-8").splitlines()
                  if line and not line.startswith("#")}
    n_good = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, said, names in pool.map(analyze, entries):
            if said == "" or names and all((path, name) in suppressed for name in names):
                n_good += 1
            else:
                print(said, end="")
    print(f"nothing to report of {n_good} of {len(entries)} files")
    sys.exit(n_good != len(entries))


if __name__ == "__main__":
    main()
