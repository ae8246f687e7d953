"""The watcher as a process of its own: `python -m pricer.watching SECONDS`. What it finds goes to its log, a line each."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pricer.errors import PricerError
from pricer.products.text import printable
from pricer.watching.check import Checked
from pricer.watching.explain import headline
from pricer.watching.loop import now, run


def report(found: Sequence[Checked]) -> None:
    """A line for each new alert and each watch that could not be looked at."""
    stamp = now().isoformat(timespec="seconds")
    for one in found:
        for alert in one.new:
            sys.stderr.write(printable(f"{stamp} {one.watch}: {headline(alert)}") + "\n")
        if one.problem:
            sys.stderr.write(printable(f"{stamp} {one.watch}: {one.problem}") + "\n")
    sys.stderr.flush()


def main() -> int:
    """Watch until told to stop; 0 then, 1 when it could not."""
    try:
        run(float(sys.argv[1]), report)
    except PricerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
