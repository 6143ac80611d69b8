# SPDX-License-Identifier: Apache-2.0
"""Writing of scdoc(5), for the pages that are made from other documents."""

import re
import textwrap


def escape(text):
    """Plain text, as one line of a paragraph; `code` becomes bold."""
    parts = re.split(r"`([^`]*)`", text)
    for i, part in enumerate(parts):
        part = re.sub(r"([\\*_#|\[\]~])", r"\\\1", part)
        parts[i] = f"*{part}*" if i % 2 else part
    # A line that ends in “++” is broken there.
    return re.sub(r"\+\+$", r"+\\+", "".join(parts))


def paragraphs(text, indent=""):
    """Paragraphs of plain text; what is indented in them stays as it is."""
    lines = []
    literal = False
    blank = False
    for line in textwrap.dedent(text).strip("\n").splitlines():
        if not line.strip():
            blank = True
            continue
        if literal != line.startswith(" ") or blank and not literal:
            if literal:
                lines.append(f"{indent}```")
            lines.append("")
            literal = line.startswith(" ")
            if literal:
                lines.append(f"{indent}```")
        elif blank:
            lines.append("")
        lines.append(indent + (line[2:] if literal else escape(line.strip())))
        blank = False
    if literal:
        lines.append(f"{indent}```")
    return "\n".join(lines).strip("\n")
