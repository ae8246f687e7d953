"""Fine-tuning measured: learning rates and epochs side by side, time estimates against the clock, and trainings that are killed.

    python bench/tuning.py rates [FOLDER]      five learning rates on the posts, and one run that is much too long; curves as pictures in FOLDER
    python bench/tuning.py batches             0.25, 1 and 2.34 epochs at several batch and accumulation sizes: predicted and counted steps
    python bench/tuning.py estimates           three plans, each with its measured estimate, and how long they took
    python bench/tuning.py kills               kill -9 at five moments, gone on with, against the uninterrupted run
    python bench/tuning.py curve JOB FILE.svg  the losses of a job that has been trained, as a picture

All but `estimates` and `curve` train MiniLM on the posts that come with the project (382 to learn from), in jobs of a new home. Minutes on two cores.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pricer.evaluation.material import Wanted
from pricer.process import held
from pricer.products.sources import posts
from pricer.tuning import job
from pricer.tuning.knobs import Knobs
from pricer.tuning.plan import Wish, document_of, plan, planned
from pricer.tuning.record import Point, Record, record_of, tuning_folder

KNOBS = Knobs(batch_size=16, epochs=3, evaluations=12, max_tokens=64)
RATES = (1e-6, 1e-5, 5e-5, 2e-4, 2e-3)
MOMENTS = (0.1, 0.3, 0.5, 0.7, 0.9)


def main() -> None:
    """Run the part that is named."""
    parts: dict[str, Callable[..., None]] = {
        "rates": rates, "batches": batches, "estimates": estimates, "kills": kills, "curve": picture,
    }  # fmt: skip
    if len(sys.argv) < 2 or sys.argv[1] not in parts:
        sys.exit(f"wanted one of {', '.join(parts)}")
    os.environ.setdefault("ASSAY_HOME", tempfile.mkdtemp())
    parts[sys.argv[1]](*sys.argv[2:])


def rates(folder: str = "") -> None:
    """Under- and overshooting side by side, then one run that learns its examples by heart."""
    runs = [(f"{rate:g}", trained(replace(KNOBS, learning_rate=rate))) for rate in RATES]
    long = trained(replace(KNOBS, learning_rate=2e-4, epochs=20, evaluations=20))
    sizes = [(f"batch {size}", trained(replace(KNOBS, learning_rate=2e-4, batch_size=size))) for size in (4, 16, 64)]
    for name, record in (*runs, ("20 epochs at 2e-4", long), *sizes):
        status = record.status()
        last = [point for point in record.points() if point.split == "validation"][-1]
        print(f"{name:18} best macro-F1 {status.best_metric:.3f} after step {status.best_step} of {status.steps}; at the end {last.metric:.3f}, "
              f"validation loss {last.loss:.3f}", flush=True)  # fmt: skip
    if folder:
        draw(Path(folder) / "rates.svg", runs)
        draw(Path(folder) / "by-heart.svg", [("20 epochs at 2e-4", long)])
        draw(Path(folder) / "batches.svg", sizes)


def batches() -> None:
    """Steps as planned and as taken."""
    for epochs in (0.25, 1.0, 2.34):
        for size, accumulation in ((16, 1), (8, 4), (32, 2)):
            knobs = replace(
                KNOBS, learning_rate=5e-5, epochs=epochs, batch_size=size, accumulation=accumulation, evaluations=1
            )
            wish = of_posts(knobs)
            record = trained(knobs)
            told = max(point.step for point in record.points() if point.split == "train")
            print(
                f"{epochs:g} epochs, batch {size} x {accumulation}: planned {planned(wish).schedule.steps}, taken {told}",
                flush=True,
            )


def estimates() -> None:
    """The plan's seconds and the actual ones, start and end of the process included."""
    for name, knobs in (
        ("posts, 4 epochs", replace(KNOBS, epochs=4, evaluations=4)),
        (
            "posts, 2 frozen layers, batch 32, 10 epochs",
            replace(KNOBS, epochs=10, batch_size=32, frozen_layers=2, evaluations=10),
        ),
        (
            "posts, 256 tokens, batch 8 x 2, 6 epochs",
            replace(KNOBS, epochs=6, batch_size=8, accumulation=2, max_tokens=256, evaluations=3),
        ),
    ):
        told = plan(of_posts(knobs))["estimate"]
        began_s = time.monotonic()
        ended(started(knobs))
        actual_s = time.monotonic() - began_s
        print(f"{name}: estimated {told['seconds']:.0f} s ({told['seconds_low']:.0f} to {told['seconds_high']:.0f}), took {actual_s:.0f} s, "
              f"ratio {told['seconds'] / actual_s:.2f}; {told['probe']}", flush=True)  # fmt: skip


def kills() -> None:
    """Five jobs, each killed once; then what they came to."""
    knobs = replace(KNOBS, learning_rate=2e-4)
    whole = ended(started(replace(knobs, weight_decay=0.02)))
    steps = whole.status().steps
    print(f"uninterrupted: {facts(whole)}", flush=True)
    for number, moment in enumerate(MOMENTS):
        # Another patience is another job, and with evaluations this few changes nothing else.
        record = started(replace(knobs, weight_decay=0.02, patience=100 + number))
        wait(lambda record=record, moment=moment: reached(record) >= moment * steps)
        at = reached(record)
        kill(record)
        before = job.status_of(record)
        ended(started_again(record))
        same = curve(record) == curve(whole)
        print(
            f"killed at step {at} ({before.state}): {facts(record)}; the same losses at every step: {same}", flush=True
        )


def of_posts(knobs: Knobs) -> Wish:
    """A tuning of MiniLM on the posts."""
    path = Path(os.environ["ASSAY_HOME"]) / "posts.jsonl"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        posts.write(path)
    return Wish("encoder", Wanted(file=path, text=("text",), label="sentiment"), "minilm", knobs)


def trained(knobs: Knobs) -> Record:
    """The record of a job that was trained in this process."""
    record = kept(knobs)
    job.work(record)
    return record


def started(knobs: Knobs) -> Record:
    return started_again(kept(knobs))


def started_again(record: Record) -> Record:
    job.start(record)
    return record


def kept(knobs: Knobs) -> Record:
    ready = planned(of_posts(knobs))
    record = Record(tuning_folder() / ready.id)
    record.write_plan(document_of(ready))
    return record


def ended(record: Record) -> Record:
    """The record once its process has ended well."""
    wait(lambda: job.status_of(record).state not in ("queued", "running"))
    assert job.status_of(record).state == "done", job.status_of(record)
    return record


def kill(record: Record) -> None:
    """Kill the job's process as nothing can prevent."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(record.folder).encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue
    wait(lambda: not held(record.folder / job.LOCK))


def wait(until: Callable[[], bool]) -> None:
    while not until():
        time.sleep(0.02)


def reached(record: Record) -> int:
    return max((point.step for point in record.points()), default=0)


def curve(record: Record) -> list[tuple[int, str, float | None]]:
    """Losses to six digits."""
    return [
        (point.step, point.split, None if point.loss is None else round(point.loss, 6)) for point in record.points()
    ]


def facts(record: Record) -> str:
    status = record.status()
    return f"{status.step} of {status.steps} steps, best {status.metric_name} {status.best_metric:.4f} after step {status.best_step}"


def picture(name: str, path: str) -> None:
    """The losses of one job over its steps."""
    pyplot = _pyplot()
    points = record_of(name).points()
    figure, axes = pyplot.subplots(figsize=(5.5, 3.2), layout="constrained")
    for split, style in (("train", "C0:"), ("validation", "C0o-")):
        told = [point for point in points if point.split == split and point.loss is not None]
        axes.plot([point.step for point in told], [point.loss for point in told], style, linewidth=1.2, label=split)
    axes.set(xlabel="optimizer steps", ylabel="loss")
    axes.legend(frameon=False, fontsize=8)
    _save(figure, Path(path))


def draw(path: Path, runs: Sequence[tuple[str, Record]]) -> None:
    """Losses and the metric of some runs, side by side."""
    pyplot = _pyplot()
    figure, (losses, metrics) = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    for number, (name, record) in enumerate(runs):
        colour = f"C{number}"
        validation = [point for point in record.points() if point.split == "validation"]
        smooth = smoothed([point for point in record.points() if point.split == "train"])
        losses.plot([point.epoch for point, _ in smooth], [loss for _, loss in smooth], ":", color=colour, linewidth=1)
        losses.plot(
            [point.epoch for point in validation], [point.loss for point in validation], "-", color=colour, label=name
        )
        metrics.plot(
            [point.epoch for point in validation], [point.metric for point in validation], "-", color=colour, label=name
        )
    losses.set(xlabel="epochs", ylabel="loss: training dotted, validation whole")
    metrics.set(xlabel="epochs", ylabel="macro-F1 on validation")
    metrics.legend(frameon=False, fontsize=8)
    _save(figure, path)


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "assay"
    from matplotlib import pyplot

    return pyplot


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    _pyplot().close(figure)


def smoothed(points: Sequence[Point], width: int = 9) -> list[tuple[Point, float]]:
    """Each training loss as the mean of those around it."""
    found = []
    for place, point in enumerate(points):
        near = [one.loss for one in points[max(0, place - width // 2) : place + width // 2 + 1] if one.loss is not None]
        if near:
            found.append((point, sum(near) / len(near)))
    return found


if __name__ == "__main__":
    main()
