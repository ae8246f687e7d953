"""Draw the pictures of docs/clients.md from real runs: `python bench/client_pictures.py [--assay COMMAND] [--claude COMMAND]`.

Each command runs in a home folder of its own, in which Claude Desktop and Cursor have one server each. Folders of this machine are
written as those of somebody called ana. Without --claude the picture of Claude Code stays as it is.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

OUT = Path(__file__).resolve().parent.parent / "docs" / "clients"
COLUMNS = 100
OTHER = {
    "mcpServers": {"files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ana"]}}
}
# The fonts of the reader's machine: a picture must not load anything.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def output(command: list[str], home: Path) -> str:
    """What a command prints in colour, with folders renamed; a code of 1 is part of the show."""
    kept = {
        name: value for name, value in os.environ.items() if not re.search("KEY|TOKEN|SECRET|XDG|ASSAY|CLAUDE", name)
    }
    environment = kept | {"HOME": str(home), "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    environment |= {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    done = subprocess.run(command, check=False, env=environment, cwd=home, capture_output=True, text=True)
    assert done.returncode in (0, 1) and done.stdout, done.stderr
    return done.stdout.replace(str(home), "/home/ana").replace(
        str(Path(sys.executable).parent.parent), "/home/ana/llm-assay/.venv"
    )


def draw(name: str, asked: str, said: str) -> None:
    """One terminal as a picture."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {asked}", "bold"))
    for line in said.rstrip().splitlines():
        console.print(Text.from_ansi(line.rstrip()), soft_wrap=True)
    svg = console.export_svg(title=asked, code_format=FORMAT, unique_id=name)
    (OUT / f"{name}.svg").write_text(svg, encoding="utf-8")


def main() -> None:
    """Run the commands and draw what they print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--assay", default=str(Path(sys.executable).with_name("assay")))
    parser.add_argument("--claude", help="the claude command of Claude Code")
    given = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for place in (home / ".config/Claude/claude_desktop_config.json", home / ".cursor/mcp.json"):
            place.parent.mkdir(parents=True)
            place.write_text(json.dumps(OTHER, indent=2), encoding="utf-8")
        for name, words in (
            ("dry-run", ["connect", "claude-desktop", "--dry-run"]), ("connect", ["connect", "cursor"]), ("doctor", ["doctor"]),
        ):  # fmt: skip
            draw(name, f"assay {' '.join(words)}", output([given.assay, *words], home))
        if given.claude:
            output([given.assay, "connect", "claude-code"], home)
            draw("claude-code", "claude mcp list", output([given.claude, "mcp", "list"], home))


if __name__ == "__main__":
    main()
