# SPDX-License-Identifier: Apache-2.0
"""What data/debian says is what the rest of the source says; with --long the package is built, and looked
into."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import tap

ROOT = pathlib.Path(os.environ["G_TEST_SRCDIR"]).parent
DEBIAN = ROOT / "data" / "debian"
# Whoever builds a Debian package has these (build-essential).
ESSENTIAL = {"gcc", "libc6-dev"}
# Seconds that a build may take on a machine that does other things, too.
TIMEOUT = 900


def read_packages(name):
    text = (ROOT / "data" / "packages.sh").read_text(encoding="utf-8")
    return set(re.search(rf"^{name}='\n(.*?)'", text, re.M | re.S)[1].split())


def read_field(field):
    """The packages of a field of debian/control, without versions and without what debhelper fills in."""
    text = (DEBIAN / "control").read_text(encoding="utf-8")
    value = re.search(rf"^{field}:(.*(?:\n .*)*)", text, re.M)[1]
    entries = (entry.split("(")[0].strip() for entry in value.split(","))
    return {entry for entry in entries if entry and not entry.startswith("$")}


class Package(unittest.TestCase):
    # Test that the package is built and run with what the source names, no more and no less.
    def test_packages(self):
        advice = "data/debian/control and data/packages.sh differ"
        self.assertEqual(read_field("Build-Depends"),
                         read_packages("packages_to_build") - ESSENTIAL | {"debhelper-compat"}, advice)
        self.assertEqual(read_field("Depends"), read_packages("packages_to_run"), advice)
        self.assertLessEqual(ESSENTIAL, read_packages("packages_to_build"))

    # Test that it has the version of the program.
    def test_version(self):
        meson = (ROOT / "meson.build").read_text(encoding="utf-8")
        changelog = (DEBIAN / "changelog").read_text(encoding="utf-8")
        self.assertEqual(re.match(r"doutok \(([^)]+)\)", changelog)[1],
                         re.search(r"^  version: '([^']+)'", meson, re.M)[1])

    # Test that user and directories are the same for systemd, whatever makes them.
    def test_names(self):
        unit = (ROOT / "doutok.service").read_text(encoding="utf-8")
        systemd = ROOT / "data" / "systemd"
        users = (systemd / "doutok.sysusers.conf").read_text(encoding="utf-8")
        files = (systemd / "doutok.tmpfiles.conf").read_text(encoding="utf-8")
        user = re.search(r"^User=(.+)$", unit, re.M)[1]
        state = "/var/lib/" + re.search(r"^StateDirectory=(.+)$", unit, re.M)[1]
        mode = re.search(r"^StateDirectoryMode=(.+)$", unit, re.M)[1]
        self.assertRegex(users, rf'(?m)^u {user} - ".*" {state}$')
        self.assertRegex(files, rf"(?m)^d {state} {mode} {user} {user} -$")
        self.assertIn(f"rm -rf {state}\n", (DEBIAN / "doutok.postrm").read_text(encoding="utf-8"))

    # Test that maintainer scripts and rules can be executed by what they say they are written for.
    def test_scripts(self):
        scripts = [ROOT / "data" / "package.sh", *DEBIAN.glob("doutok.p*")]
        self.assertEqual(len(scripts), 3)
        for script in scripts:
            subprocess.run(["sh", "-n", script], check=True, timeout=TIMEOUT)
        self.assertTrue(os.access(DEBIAN / "rules", os.X_OK))

    # Test that the package is built without errors of lintian, and has all that meson installs where
    # debhelper finds it.
    @unittest.skipUnless(os.environ.get("DOUTOK_TEST_LONG"), "it takes minutes: run with --long")
    def test_build(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["sh", ROOT / "data" / "package.sh", "--version", "0.0~test", directory],
                           check=True, timeout=TIMEOUT, stdout=subprocess.DEVNULL)
            package, = pathlib.Path(directory).glob("doutok_0.0~test_*.deb")

            listed = subprocess.run(["dpkg-deb", "--contents", package], check=True, text=True,
                                    stdout=subprocess.PIPE, timeout=TIMEOUT).stdout
            shipped = {line.split()[5][1:] for line in listed.splitlines() if not line.endswith("/")}
            prefix = pathlib.Path(os.environ["DOUTOK_TEST_BINDIR"]).parent
            for path in prefix.rglob("*"):
                if path.is_dir():
                    continue
                name = str(path.relative_to(prefix))
                if name.startswith("etc/"):
                    name = "/" + name
                elif name.startswith("lib/systemd/"):
                    name = "/" + name
                else:
                    name = "/usr/" + name
                # Debian compresses manual pages.
                self.assertTrue({name, name + ".gz"} & shipped, name)

            conffiles = subprocess.run(["dpkg-deb", "--info", package, "conffiles"], check=True,
                                       text=True, stdout=subprocess.PIPE, timeout=TIMEOUT).stdout
            self.assertEqual(conffiles.split(), ["/etc/doutok/doutok.conf"])
            started = subprocess.run(["dpkg-deb", "--info", package, "postinst"], check=True,
                                     text=True, stdout=subprocess.PIPE, timeout=TIMEOUT).stdout
            for command in ("systemd-sysusers", "systemd-tmpfiles",
                            "deb-systemd-invoke $_dh_action 'doutok.service'"):
                self.assertIn(command, started)


if __name__ == "__main__":
    tap.main()
