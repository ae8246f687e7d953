"""Draw the icon anew: `python packaging/icon.py`. A touchstone with three strokes of rising length, the last in gold."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

SIZE = 512
STONE, INK, GOLD = (31, 41, 55), (148, 163, 184), (245, 196, 81)
# left, top, right, bottom, corner, colour: in points of the picture
SHAPES = (
    (24, 24, 488, 488, 96, STONE),
    (112, 288, 176, 400, 32, INK),
    (224, 208, 288, 400, 32, INK),
    (336, 112, 400, 400, 32, GOLD),
)


def distance(x: float, y: float, box: tuple[int, int, int, int, int]) -> float:
    """Points from a rounded box, below 0 within it."""
    left, top, right, bottom, corner = box
    dx = max(left + corner - x, 0.0, x - (right - corner))
    dy = max(top + corner - y, 0.0, y - (bottom - corner))
    return float((dx * dx + dy * dy) ** 0.5) - corner


def pixel(x: int, y: int) -> bytes:
    """Red, green, blue and opacity at a point; edges are a point wide."""
    red, green, blue, opacity = 0.0, 0.0, 0.0, 0.0
    for left, top, right, bottom, corner, colour in SHAPES:
        cover = min(1.0, max(0.0, 0.5 - distance(x + 0.5, y + 0.5, (left, top, right, bottom, corner))))
        if cover:
            whole = cover + opacity * (1 - cover)
            red, green, blue = (
                (new * cover + old * opacity * (1 - cover)) / whole
                for new, old in zip(colour, (red, green, blue), strict=True)
            )
            opacity = whole
    return bytes((round(red), round(green), round(blue), round(opacity * 255)))


def chunk(name: bytes, body: bytes) -> bytes:
    """A part of a PNG file."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png() -> bytes:
    """The icon as a PNG file."""
    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


if __name__ == "__main__":
    (Path(__file__).parent / "mcpb" / "icon.png").write_bytes(png())
