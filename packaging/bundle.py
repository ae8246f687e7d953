"""Make the MCP bundle: `python packaging/bundle.py [--out DIR]` (by default dist). Needs nothing but Python.

The same source gives the same bytes: files in order of name, one date, one set of rights. `llm-assay-VERSION.mcpb` is the bundle, and
the folder beside it what is in it, for `mcpb validate` and `mcpb pack`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agent", "catalog", "pricer", "prompts", "server")
BESIDE = ("LICENSE", "README.md")
LEFT_OUT = {"__pycache__", ".DS_Store"}
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def assemble(folder: Path) -> None:
    """Put what belongs into the bundle into an empty folder."""
    shutil.copytree(ROOT / "packaging" / "mcpb", folder, ignore=_left_out)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=_left_out)
    for name in BESIDE:
        shutil.copyfile(ROOT / name, folder / name)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(project + pinned(), encoding="utf-8", newline="\n")


def pinned() -> str:
    """The exact versions of constraints.txt as uv wants them."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("#")[0].strip() for line in lines]
    rows = "".join(f"  {json.dumps(pin)},\n" for pin in pins if re.match(r"[\w.-]+(\[[\w,-]+\])?==", pin))
    return f"\n[tool.uv]\nconstraint-dependencies = [\n{rows}]\n"


def pack(folder: Path, bundle: Path) -> None:
    """Write the folder as a bundle."""
    with zipfile.ZipFile(bundle, "w") as archive:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), FIRST_DAY_OF_ZIP)
                entry.external_attr = 0o100644 << 16
                entry.create_system = 3
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def main() -> None:
    """Make the folder and the bundle anew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR")
    out = parser.parse_args().out
    version = json.loads((ROOT / "packaging" / "mcpb" / "manifest.json").read_text(encoding="utf-8"))["version"]
    folder, bundle = out / "mcpb", out / f"llm-assay-{version}.mcpb"
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    assemble(folder)
    pack(folder, bundle)
    sys.stdout.write(f"{bundle}: {bundle.stat().st_size / 1e6:.1f} MB\n")


def _left_out(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name in LEFT_OUT or name.endswith((".pyc", ".pyo"))}


if __name__ == "__main__":
    main()
