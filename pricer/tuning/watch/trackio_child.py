"""Trackio in a process of its own: lines of JSON in, its database out. What it prints, imports and asks the network for stays here."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable
from typing import Any


def main(lines: Iterable[str]) -> int:
    """Keep a run and give the exit code: 1 when trackio warned, for it warns where it could not write.

    The first line names the run, each later one holds a step and its figures; the run is finished when the lines end.
    """
    import trackio

    told = iter(lines)
    start = json.loads(next(told))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        run: Any = trackio.init(
            start["project"], name=start["name"], config=start["config"], resume="allow", embed=False, auto_log_gpu=False, auto_log_cpu=False
        )  # fmt: skip
        for line in told:
            point = json.loads(line)
            run.log(point["figures"], step=point["step"])
        run.finish()
    for warning in heard:
        sys.stderr.write(f"{warning.message}\n")
    return 1 if heard else 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
