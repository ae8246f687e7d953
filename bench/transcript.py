"""Write the README's transcripts anew from real runs: `make transcript`.

A block that begins with `<!-- transcript: COMMAND -->` gets the output of COMMAND, run in and with a home folder that is empty at first and
shared by all blocks.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"<!-- transcript: (?P<command>[^\n]+) -->\n```[a-z]*\n.*?```\n", re.DOTALL)


def output(command: str, home: str) -> str:
    """What COMMAND prints on stdout, 100 columns wide, without colour; trailing blanks removed."""
    environment = {**os.environ, "ASSAY_HOME": home, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        shlex.split(command), env=environment, cwd=home, check=True, text=True, stdout=subprocess.PIPE
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def main() -> None:
    """Replace every block, from first to last: a later one finds what an earlier one made."""
    with tempfile.TemporaryDirectory() as home:

        def fresh(found: re.Match[str]) -> str:
            command = found["command"]
            return f"<!-- transcript: {command} -->\n```console\n$ {command}\n{output(command, home)}\n```\n"

        text = README.read_text(encoding="utf-8")
        README.write_text(BLOCK.sub(fresh, text), encoding="utf-8")


if __name__ == "__main__":
    main()
