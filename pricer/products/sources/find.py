"""From what a user writes after `assay data load` to a source."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

from pricer.errors import BadInput
from pricer.products.shards import Source
from pricer.products.sources import files, repositories
from pricer.products.sources.hub import Hub, Progress, from_environment, quiet

HUB: dict[str, Callable[[str, Hub, Progress], Source]] = {
    "amazon": repositories.amazon,
    "course": repositories.course,
    "hf": repositories.any_repository,
}
OWN = ("sample", "posts")
FORMS = "sample, posts, amazon:CATEGORY, course:lite, hf:OWNER/NAME, or files"


def find(*specs: str, size: int = 2_000, seed: int = 0, progress: Progress = quiet) -> Source:
    """The source that one argument names, or that several files make. Nothing is downloaded yet.

    `size` and `seed` are those of the sample; `progress` is told of downloads. `BadInput` says what there is instead.
    """
    if not specs:
        raise BadInput(f"wanted a source, found none: {FORMS}")
    if specs == ("sample",):
        from pricer.products.sources.sample import SampleSource

        return SampleSource(size, seed)
    if specs == ("posts",):
        from pricer.products.sources.posts import PostsSource

        return PostsSource()
    named = [spec for spec in specs if spec in OWN or _prefix(spec) in HUB]
    if not named:
        return files.local([_path(spec) for spec in specs])
    if len(specs) > 1:
        raise BadInput(f"{named[0]!r} goes alone, found {len(specs)} sources; load them one by one")
    prefix, _, rest = specs[0].partition(":")
    if not rest:
        raise BadInput(f"{specs[0]!r}: wanted a name behind the colon; sources are {FORMS}")
    return HUB[prefix](rest, from_environment(), progress)


def _prefix(spec: str) -> str:
    return spec.partition(":")[0] if ":" in spec else ""


def _path(spec: str) -> str:
    """The argument as a path, unless it looks like the name of a source that is none."""
    prefix, colon, rest = spec.partition(":")
    if rest.startswith("//"):
        raise BadInput(
            f"{spec!r}: addresses are not fetched; download the file, or write hf:OWNER/NAME for a data set of the hub"
        )
    near = difflib.get_close_matches(spec if not colon else prefix, [*OWN, *HUB], 1, cutoff=0.75)
    if near and (colon or spec not in near) and not Path(spec).exists():
        raise BadInput(f"no source and no file {spec!r}; nearest: {near[0]}{colon}{rest}; sources are {FORMS}")
    return spec
