# SPDX-License-Identifier: Apache-2.0
"""Makes doutok.conf(5) from doutok.conf, in which every key is documented and has its default."""

import re
import sys

import scdoc

HEAD = """doutok.conf(5)

# NAME

doutok.conf - configuration of doutok

# SYNOPSIS

*doutok.conf* in the *doutok* directory of the system's configuration directory, or the file that is named by
*--config* of *doutok*(1)

# DESCRIPTION

The name of a group stands in brackets on a line of its own. Below it stands a line *key*=_value_ for each key of
that group that is to have another value than its default, with which it is listed here. An unknown group or key
and a bad value are errors. Lines that begin with # are comments.
"""

# What is only true of the file itself.
FILE_ONLY = ("# SPDX", "# Configuration of DouTok.")

TAIL = """
# FILES

_/etc/doutok/doutok.conf_
	What is read unless *--config* names another file; below another prefix, what that has in the place of _/etc_.

# SEE ALSO

*doutok*(1), *doutok-bus*(7)
"""


def write_keys(keys, comment):
    print("++\n".join(f"*{scdoc.escape(key)}*={scdoc.escape(value)}" for key, value in keys))
    print(scdoc.paragraphs("\n".join(comment), "\t") + "\n")


def main():
    print(HEAD)
    comment = []
    keys = []
    # The blank line at the end ends the last key.
    for line in [*open(sys.argv[1], encoding="utf-8").read().splitlines(), ""]:
        key = re.fullmatch(r"#?([a-z][a-z0-9-]*)=(.*)", line)
        group = re.fullmatch(r"\[(.*)\]", line)
        if key:
            keys.append(key.groups())
            continue
        if keys:
            write_keys(keys, comment)
            comment = []
            keys = []
        if group:
            print(f"# {line}\n")
        elif line.startswith("# "):
            if not line.startswith(FILE_ONLY):
                comment.append(line[2:])
        elif line == "" and comment:
            print(scdoc.paragraphs("\n".join(comment)) + "\n")
            comment = []
        elif line:
            sys.exit(f"what is this? {line}")
    print(TAIL, end="")


main()
