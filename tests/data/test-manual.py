# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completion against the program, its configuration and its interfaces: what is there is
described, and what is described is there."""

import os
import pathlib
import pty
import re
import select
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml

import server
import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = server.find_program()
PAGES = {"doutok.1", "doutok.conf.5", "doutok-bus.7"}
TIMEOUT = 60
# Options of all commands; they are not repeated for each.
HELP = {"--help"}
# What scdoc writes too many of; they have no effect.
HARMLESS = re.compile(r"skipping paragraph macro: PP (empty|after (SH|SS))$")


def run(*command, text=None):
    return subprocess.run([*map(str, command)], text=True, input=text or "", capture_output=True,
                          timeout=TIMEOUT, check=False, env=os.environ | {"LC_ALL": "C.UTF-8"})


def find_pages():
    """Those installed beside the program; else those of the build tree."""
    if "DOUTOK_TEST_BINDIR" in os.environ:
        directories = (PROGRAM.parent.parent / "share/man").glob("man?")
    else:
        directories = [pathlib.Path(os.environ["G_TEST_BUILDDIR"]).parent / "data/man"]
    return {path.name: path for directory in directories for path in directory.glob("doutok*.[0-9]")}


def find_completion():
    if "DOUTOK_TEST_BINDIR" in os.environ:
        return PROGRAM.parent.parent / "share/bash-completion/completions/doutok"
    return ROOT / "data/completions/doutok.bash"


def read_plain(path):
    """A page without fonts and escapes."""
    text = re.sub(r"\\f[A-Z]", "", path.read_text(encoding="utf-8"))
    return re.sub(r"\\(.)", r"\1", text.replace(r"\&", ""))


def read_sections(text, macro):
    """What stands below each heading."""
    parts = re.split(rf"^\.{macro} (.*)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def read_options(text):
    """Options as they begin a line of a page or of a help text: --listen=ADDRESS:PORT."""
    return {option for line in text.splitlines() if re.match(r" *-", line)
            for option in re.findall(r"(?:^ *|, )(--[a-z-]+(?:=[^ ,]+)?)", line)}


def read_help(*words):
    result = run(PROGRAM, *words, "--help")
    assert result.returncode == 0, (words, result)
    return result.stdout


def find_commands(*words):
    """Help of each command that has none below it, by its words."""
    text = read_help(*words)
    listed = text.partition("Commands:\n")[2].partition("\n\n")[0]
    below = re.findall(r"^  ([a-z][a-z-]*)", listed, re.M)
    below += re.findall(rf"^  {' '.join(['doutok', *words])} ([a-z][a-z-]*)", text, re.M)
    if not below:
        return {" ".join(["doutok", *words]): text}
    return {name: help_text for word in below for name, help_text in find_commands(*words, word).items()}


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pages = find_pages()
        cls.commands = find_commands()

    def read(self, name):
        return read_plain(self.pages[name])

    def test_pages(self):
        """All are installed, and neither mandoc nor groff has anything to say about them."""
        self.assertEqual(set(self.pages), PAGES)
        for name, path in self.pages.items():
            with self.subTest(name):
                lint = run("mandoc", "-Tlint", "-Wwarning", path)
                self.assertEqual([line for line in lint.stdout.splitlines() if not HARMLESS.search(line)], [])
                man = run("man", "--warnings", "-E", "UTF-8", "-l", path)
                self.assertEqual((man.returncode, man.stderr), (0, ""))
                self.assertIn("SEE ALSO", man.stdout)

    def test_commands(self):
        """Each command has a section, with its arguments, and each section is one of a command."""
        self.assertIn("doutok bus address", self.commands)
        described = {heading for heading in read_sections(self.read("doutok.1"), "SS")}
        wanted = set()
        for text in self.commands.values():
            usage = re.search(r"^Usage:\n  (.*)$", text, re.M)[1]
            wanted.add(usage.replace(" [OPTION…]", ""))
        self.assertEqual(described, wanted)

    def test_options(self):
        """Each option stands in the section of its command, or among those of all of them."""
        page = self.read("doutok.1")
        chapter = read_sections(page, "SH")["OPTIONS"]
        general, common = map(read_options, re.split(r"^All commands but ", chapter, flags=re.M))
        exceptions = re.search(r"^All commands but (.*?) understand these", chapter, re.M)[1].split(" and ")
        self.assertEqual(general, read_options(read_help()))
        self.assertEqual(general, HELP | {"--version"})
        self.assertIn("--config=FILE", common)
        sections = {re.match(r"doutok( [a-z-]+)+", heading)[0]: text
                    for heading, text in read_sections(page, "SS").items()}
        for name, text in self.commands.items():
            with self.subTest(name):
                everywhere = HELP | (set() if name in exceptions else common)
                own = read_options(sections[name].partition("\n.SH ")[0])
                self.assertEqual(own & everywhere, set())
                self.assertEqual(own | everywhere, read_options(text))

    def test_keys(self):
        """Each key stands below its group with its default."""
        source = (ROOT / "src/common/dou-config.c").read_text(encoding="utf-8")
        keys = set(re.findall(r'\{ "([a-z]+)",\s*"([a-z-]+)",\s*TYPE_\w+,\s*"([^"]*)"', source))
        self.assertIn(("server", "workers", "0"), keys)
        described = set()
        for group, text in read_sections(self.read("doutok.conf.5"), "SH").items():
            if group.startswith("["):
                described |= {(group.strip("[]"), key, value)
                              for key, value in re.findall(r"^([a-z-]+)=(.*)$", text, re.M)}
        self.assertEqual(described, keys)

    def test_interfaces(self):
        """Each interface has a section, and each of its members one in that."""
        chapters = read_sections(self.read("doutok-bus.7"), "SH")
        interfaces = {interface.get("name"): interface
                      for path in (ROOT / "data/dbus").glob("*.xml")
                      for interface in xml.parse(path).getroot().iter("interface")}
        self.assertIn("org.doutok.User1", interfaces)
        self.assertEqual({name for name in chapters if name.startswith("org.")}, set(interfaces))
        for name, interface in interfaces.items():
            described = {heading.split(" (")[0] for heading in read_sections(chapters[name], "SS")}
            self.assertEqual(described, {f"{member.tag.capitalize()} {member.get('name')}"
                                         for member in interface if member.tag != "annotation"}, name)


class Completion(unittest.TestCase):
    def complete(self, line, directory="/"):
        """What bash is told when TAB comes at the end of a line."""
        words = re.findall(r"=|[^ =]+", line) + ([""] if line.endswith(" ") else [])
        script = """
          cd "$1" && . "$2" && shift 2 || exit 1
          COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
          _doutok
          [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
        """
        result = run("bash", "--norc", "-c", script, "bash", directory, find_completion(), PROGRAM, *words[1:])
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return set(result.stdout.splitlines())

    def test_commands(self):
        """Every command comes, one word after the other, and no other word."""
        tree = {}
        for name in find_commands():
            words = name.split()
            for i in range(1, len(words)):
                tree.setdefault(" ".join(words[:i]), set()).add(words[i])
        for words, below in tree.items():
            self.assertEqual(self.complete(words + " "), below)
        self.assertEqual(self.complete("doutok ver"), {"verify"})
        self.assertEqual(self.complete("doutok bus a"), {"address"})
        self.assertEqual(self.complete("doutok nothing "), tree["doutok"])

    def test_options(self):
        """Every option comes, with “=” if it takes a value."""
        for name, text in find_commands().items():
            options = {re.sub("=.*", "=", option) for option in read_options(text)}
            self.assertEqual(self.complete(name + " --"), options)
        self.assertEqual(self.complete("doutok --"), {"--help", "--version"})
        self.assertEqual(self.complete("doutok serve --wo"), {"--workers="})
        self.assertEqual(self.complete("doutok serve --config=a.conf --wo"), {"--workers="})

    def test_files(self):
        """Files come where a file is wanted, directories where a directory is, nothing for a number."""
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "a folder").mkdir()
            (pathlib.Path(directory) / "a file").touch()
            both = {"a folder", "a file"}
            for line, found in [("doutok check --config=", both), ("doutok check --config=a", both),
                                ("doutok check --config ", both), ("doutok check --state-dir=", {"a folder"}),
                                ("doutok check --state-dir ", {"a folder"}), ("doutok serve --workers=", set()),
                                ("doutok serve --workers ", set()), ("doutok backup ", {"a folder"}),
                                ("doutok verify --config=x ", {"a folder"}), ("doutok serve ", set())]:
                with self.subTest(line):
                    self.assertEqual(self.complete(line, directory), found)

    def test_terminal(self):
        """A bash that a person types into completes a command, and it runs."""
        pid, terminal = pty.fork()
        if pid == 0:
            environment = {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "TERM": "dumb", "LC_ALL": "C.UTF-8",
                           "INPUTRC": "/dev/null", "HISTFILE": "/dev/null", "HOME": "/nonexistent"}
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
        try:
            os.write(terminal, f"PS1='ready> '; . '{find_completion()}'\n".encode())
            self.wait_for(terminal, b"\r\nready> ")
            os.write(terminal, b"doutok ver\t")
            self.wait_for(terminal, b"doutok verify ")
            os.write(terminal, b"/nonexistent/backup\n")
            self.wait_for(terminal, b"doutok: ")
            os.write(terminal, b"\nexit\n")
            self.wait_for(terminal, None)
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)

    def wait_for(self, terminal, text):
        """Until the text was written, or with none, until all is written."""
        seen = b""
        deadline = time.monotonic() + TIMEOUT
        while text is None or text not in seen:
            ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
            self.assertTrue(ready, f"{text} did not come: {seen}")
            try:
                data = os.read(terminal, 4096)
            except OSError:
                data = b""
            if not data:
                self.assertIsNone(text, seen)
                return
            seen += data


if __name__ == "__main__":
    tap.main()
