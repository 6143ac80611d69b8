# SPDX-License-Identifier: Apache-2.0
"""Whether the translations are whole: what xgettext finds in the source is what po/ has."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import tap

ROOT = pathlib.Path(os.environ["G_TEST_SRCDIR"]).parent
PO = ROOT / "po"
# How a text for people is written in the source.
MARKED = re.compile(r"\b(?:N?_|gettext|dgettext) \(\s*(?:GETTEXT_PACKAGE, )?\"")
KEYWORDS = ("_", "N_")


def run(*arguments):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)


def read_list(name):
    lines = (PO / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


class Translations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.template = pathlib.Path(cls.directory.name) / "doutok.pot"
        extracted = run("xgettext", "--from-code=UTF-8", "--add-comments", "--package-name=doutok",
                        *(f"--keyword={keyword}" for keyword in KEYWORDS),
                        f"--directory={ROOT}", f"--files-from={PO / 'POTFILES'}",
                        f"--output={cls.template}")
        assert extracted.returncode == 0, extracted.stdout

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def merge(self, language):
        """The translation as the source of today would have it."""
        merged = pathlib.Path(self.directory.name) / f"{language}.po"
        done = run("msgmerge", "--quiet", "--no-fuzzy-matching", f"--output-file={merged}",
                   PO / f"{language}.po", self.template)
        self.assertEqual(done.returncode, 0, done.stdout)
        return merged

    def list_messages(self, path, *options):
        text = run("msgattrib", "--no-location", *options, path).stdout
        return [line for line in text.splitlines() if line.startswith(("msgid", "#~ msgid"))
                and line not in ('msgid ""',)]

    def test_potfiles(self):
        """Every file with a text for people is in POTFILES, sorted, and no other."""
        marked = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.[ch]")
                        if MARKED.search(path.read_text(encoding="utf-8")))
        self.assertEqual(read_list("POTFILES"), marked)

    def test_languages(self):
        self.assertIn("zh_CN", read_list("LINGUAS"))
        self.assertEqual(sorted(path.stem for path in PO.glob("*.po")),
                         sorted(read_list("LINGUAS")))

    def test_complete(self):
        """Nothing is untranslated, doubtful, or left from a text that is gone."""
        for language in read_list("LINGUAS"):
            merged = self.merge(language)
            self.assertEqual(self.list_messages(merged, "--untranslated"), [], language)
            self.assertEqual(self.list_messages(merged, "--only-fuzzy"), [], language)
            self.assertEqual(self.list_messages(PO / f"{language}.po", "--only-fuzzy"), [], language)
            self.assertEqual(self.list_messages(merged, "--only-obsolete"), [], language)

    def test_formats(self):
        """Formats take the same arguments in every language, also where nobody wrote c-format."""
        for language in read_list("LINGUAS"):
            checked = run("msgfmt", "--check", "--output-file=/dev/null", self.merge(language))
            self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_planted(self):
        """A wrong format is found."""
        planted = pathlib.Path(self.directory.name) / "planted.po"
        planted.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
                           '#, c-format\nmsgid "%d users"\nmsgstr "%s users"\n', encoding="utf-8")
        self.assertNotEqual(run("msgfmt", "--check-format", "-o", "/dev/null", planted).returncode,
                            0)


if __name__ == "__main__":
    tap.main()
