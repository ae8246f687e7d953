"""A connection that does not wait for ever: not for a request to arrive, nor for a reader to take its answer."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 17\r\n\r\nRequest too slow\n"


class PatientProtocol(H11Protocol):
    """uvicorn's h11 connection, which alone limits headers, with two clocks: a request, headers and body, has `request_s` from its first
    byte (a new connection from its opening); bytes that wait to be read, `write_s`."""

    def __init__(self, *args: Any, request_s: float, write_s: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self.access_log = False  # its lines hold queries; the guard's do not
        self._request_s, self._write_s = request_s, write_s
        self._arriving: asyncio.TimerHandle | None = None
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the first clock: a client that says nothing is the slowest of all."""
        super().connection_made(transport)
        self._arriving = self.loop.call_later(self._request_s, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop both clocks."""
        self._stop_arriving()
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, and stop or start the first clock."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Go on with what may have come meanwhile."""
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """Start the second clock: the reader is behind."""
        super().pause_writing()
        self._stop_waiting()
        self._waiting = self.loop.call_later(self._write_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the second clock."""
        super().resume_writing()
        self._stop_waiting()

    def _look(self) -> None:
        state = self.conn.their_state
        partly = state is h11.SEND_BODY or (state is h11.IDLE and bool(self.conn.trailing_data[0]))
        if not partly:
            self._stop_arriving()
        elif self._arriving is None:
            self._arriving = self.loop.call_later(self._request_s, self._too_slow)

    def _too_slow(self) -> None:
        self._arriving = None
        if self.transport.is_closing():
            return
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            self.transport.write(TOO_SLOW)
        self.transport.close()

    def _stop_arriving(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
