"""Interrupts while an event loop works: the user's Ctrl-C, or the end that a parent process asks for."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` at every interrupt while the block runs; where a loop can have no handlers, interrupts stay as they are."""
    loop = asyncio.get_running_loop()
    try:
        for number in SIGNALS:
            loop.add_signal_handler(number, act)
    except (NotImplementedError, ValueError, RuntimeError):  # not the main thread, or no such signals here
        yield
        return
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
