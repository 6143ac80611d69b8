# SPDX-License-Identifier: Apache-2.0
"""Makes doutok-bus(7) from the interfaces in data/dbus and the comments in them."""

import re
import sys
import xml.etree.ElementTree as xml

import scdoc

HEAD = """doutok-bus(7)

# NAME

doutok-bus - the D-Bus interfaces of a running doutok server

# SYNOPSIS

*busctl* --address=$(doutok bus address) call org.doutok.User /org/doutok/User org.doutok.User1 GetUsers ax 1 _ID_

# DESCRIPTION

Gateways and services of a DouTok server talk over a private bus, which only the server's user and root can
connect to. *doutok bus address* prints its address. Whatever is done over it is done as the server does it, with
no more questions asked.

"""

TAIL = """
# SEE ALSO

*doutok*(1), *doutok.conf*(5), *busctl*(1)
"""


class Comment:
    """What stands before an element: a line `Name:`, `@argument: …` for each argument, paragraphs."""

    def __init__(self, text):
        first, _, rest = text.strip("\n").strip(" ").partition("\n")
        self.name, _, more = first.strip().partition(":")
        self.arguments = []
        body = []
        # All of it may be on one line, too.
        if more.strip().startswith("@"):
            rest = f"{more.strip()}\n{rest}"
        elif more.strip():
            body.append(more.strip())
        margin = re.match(r" *", rest.lstrip("\n"))[0]
        for line in rest.splitlines():
            line = line.removeprefix(margin)
            argument = re.match(r"@(\w+):\s*(.*)", line)
            if argument:
                self.arguments.append(list(argument.groups()))
            elif self.arguments and not body and line.strip():
                self.arguments[-1][1] += " " + line.strip()
            elif body or self.arguments or line.strip():
                body.append(line)
        self.body = "\n".join(body)


def write_arguments(element, comment):
    told = dict(comment.arguments)
    for argument in element.findall("arg"):
        name = argument.get("name")
        kind = argument.get("direction", "")
        if name not in told:
            sys.exit(f"{comment.name}: {name} is not documented")
        print(f"*{scdoc.escape(name)}* ({' '.join(filter(None, [kind, scdoc.escape(argument.get('type'))]))})")
        print(scdoc.paragraphs(told[name], "\t") + "\n")


def write_member(element, comment):
    kind = element.get("type", "")
    print(f"## {element.tag.capitalize()} {element.get('name')}{kind and f' ({kind})'}\n")
    write_arguments(element, comment)
    if comment.body.strip():
        print(scdoc.paragraphs(comment.body) + "\n")


def write_interface(interface, comment):
    print(f"# {interface.get('name')}\n")
    told = dict(comment.arguments).get("short_description")
    if told:
        print(scdoc.paragraphs(f"{told[0].upper()}{told[1:]}.") + "\n")
    print(scdoc.paragraphs(comment.body) + "\n")
    walk(interface, write_member)


def walk(parent, write):
    """Calls `write` for each element in `parent` with the comment before it, which has its name."""
    comment = None
    for child in parent:
        if child.tag is xml.Comment:
            comment = Comment(child.text)
            continue
        if child.tag == "annotation":
            continue
        if comment is None or comment.name != child.get("name"):
            sys.exit(f"{child.get('name')} is not documented")
        write(child, comment)
        comment = None


def main():
    print(HEAD)
    for path in sys.argv[1:]:
        parser = xml.XMLParser(target=xml.TreeBuilder(insert_comments=True))
        walk(xml.parse(path, parser).getroot(), write_interface)
    print(TAIL, end="")


main()
