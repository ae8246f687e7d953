"""A curve in characters: each holds two by four dots of Braille, so that a line of text is eight times as fine as its letters."""

from __future__ import annotations

from collections.abc import Sequence

EMPTY = 0x2800
DOTS = (
    (0x01, 0x08),
    (0x02, 0x10),
    (0x04, 0x20),
    (0x40, 0x80),
)  # by row and column of a cell: the Unicode block "Braille Patterns"


def drawn(
    places: Sequence[float], values: Sequence[float], width: int, height: int, low: float, high: float
) -> list[str]:
    """`height` lines of `width` characters; `places` go from 0 (left edge) to 1 (right edge), values from `low` to `high`.

    Neighbours are joined. Values beyond the ends lie on the edge. A curve without a range lies in the middle.
    """
    cells = [[EMPTY] * width for _ in range(height)]
    across, down = 2 * width - 1, 4 * height - 1
    dots = [
        (_dot(place, across), down - _dot(_share(value, low, high), down))
        for place, value in zip(places, values, strict=True)
    ]
    for before, after in zip(dots[:1] + dots, dots, strict=False):
        for column, row in _between(before, after):
            cells[row // 4][column // 2] |= DOTS[row % 4][column % 2]
    return ["".join(map(chr, line)) for line in cells]


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _dot(share: float, last: int) -> int:
    return round(min(1.0, max(0.0, share)) * last)


def _between(before: tuple[int, int], after: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots of a straight line, both ends among them."""
    long = max(abs(after[0] - before[0]), abs(after[1] - before[1]))
    if not long:
        return [after]
    stride = [(end - start) / long for start, end in zip(before, after, strict=True)]
    return [
        (round(before[0] + stride[0] * number), round(before[1] + stride[1] * number)) for number in range(long + 1)
    ]
