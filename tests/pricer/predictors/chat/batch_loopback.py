"""Both providers' batch interfaces on the loopback: files, batches, results; what goes wrong is scripted, what was asked is counted."""

from __future__ import annotations

import email.parser
import email.policy
import json
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.pricer.predictors.chat.loopback import CHAT, MESSAGES, RESPONSES, SHAPES, Asked, Reply, last_words, priced

CREATED = 1_700_000_000
CUT = "cut"  # the connection ends without an answer


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a request instead of an answer: `expired`, or an HTTP status with a message and Anthropic's kind of error."""

    status: int | None = None
    message: str = "made to fail"
    kind: str = "invalid_request_error"


EXPIRED = Fate()


@dataclass
class Batch:
    """A batch at the provider."""

    id: str
    requests: list[dict[str, Any]]
    polls_left: int
    told: dict[str, Any]
    results: list[dict[str, Any]] | None = None
    cancelled: bool = False


@dataclass
class BatchLoopback:
    """The provider. `polls` is how often a batch is looked at until it ends, `fates` what becomes of a request by a word in it, the n-th time
    it is asked; `faults` are answered, in order, to calls whose method and path begin so: a status, or `CUT` once the call was done."""

    polls: int = 2
    fates: Mapping[str, Sequence[Fate | None]] = field(default_factory=dict)
    faults: dict[str, deque[int | str]] = field(default_factory=dict)
    refuses: Mapping[str, str] | None = None
    batches: dict[str, Batch] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def sizes(self) -> list[int]:
        """How many requests each batch had."""
        return [len(batch.requests) for batch in self.batches.values()]

    # --- what is served

    def serve(self, method: str, path: str, query: Mapping[str, list[str]], body: bytes, form: str) -> Any:  # noqa: PLR0911 - a table
        """The object or the bytes for a call."""
        match method, path.removeprefix("/v1").strip("/").split("/"):
            case "POST", ["files"]:
                return self._file(body, form)
            case "POST", ["batches"]:
                return self._create_openai(json.loads(body))
            case "POST", ["messages", "batches"]:
                return self._anthropic(self._create(json.loads(body)["requests"], {}))
            case "GET", ["batches"] | ["messages", "batches"]:
                return self._list(query, path)
            case "GET", ["batches", id_]:
                return self._openai(self._seen(id_))
            case "GET", ["messages", "batches", id_]:
                return self._anthropic(self._seen(id_))
            case "GET", ["messages", "batches", id_, "results"]:
                return b"".join(json.dumps(row).encode() + b"\n" for row in self.batches[id_].results or [])
            case "GET", ["files", id_, "content"]:
                return self.files[id_]
            case "POST", [*_, id_, "cancel"]:
                self.batches[id_].cancelled = True
                return self._openai(self.batches[id_])
        return None

    def _file(self, body: bytes, form: str) -> Any:
        whole = b"content-type: " + form.encode() + b"\r\n\r\n" + body
        parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(whole)
        fields = {
            part.get_param("name", header="content-disposition"): part.get_content() for part in parts.iter_parts()
        }
        data = fields["file"]
        assert str(fields["purpose"]).strip() == "batch"
        id_ = f"file-{len(self.files)}"
        self.files[id_] = data if isinstance(data, bytes) else data.encode()
        return {
            "id": id_,
            "object": "file",
            "bytes": len(body),
            "created_at": CREATED,
            "filename": "x",
            "purpose": "batch",
            "status": "processed",
        }

    def _create_openai(self, told: dict[str, Any]) -> Any:
        rows = [json.loads(line) for line in self.files[told["input_file_id"]].splitlines()]
        assert all(row["url"] == told["endpoint"] and row["method"] == "POST" for row in rows)
        assert told["completion_window"] == "24h"
        requests = [{"custom_id": row["custom_id"], "params": row["body"], "url": row["url"]} for row in rows]
        return self._openai(self._create(requests, told["metadata"]))

    def _create(self, requests: list[dict[str, Any]], metadata: dict[str, str]) -> Batch:
        names = [one["custom_id"] for one in requests]
        assert len(set(names)) == len(names)
        assert all(len(name) <= 64 and name.replace("-", "").isalnum() for name in names)
        self.asked.update(last_words(one["params"]) for one in requests)
        batch = Batch(f"batch_{len(self.batches)}", requests, self.polls, {"metadata": metadata})
        self.batches[batch.id] = batch
        return batch

    def _seen(self, id_: str) -> Batch:
        batch = self.batches[id_]
        batch.polls_left -= 1
        if (batch.polls_left <= 0 or batch.cancelled) and batch.results is None:
            batch.results = [self._result(one) for one in batch.requests]
        return batch

    def _list(self, query: Mapping[str, list[str]], path: str) -> Any:
        """Newest first, one a page, so that paging is walked."""
        told = self._anthropic if "messages" in path else self._openai
        order = [self._seen(id_) for id_ in reversed(self.batches)]
        after = (query.get("after") or query.get("after_id") or [""])[0]
        first = 1 + [batch.id for batch in order].index(after) if after else 0
        page = order[first : first + 1]
        return {"object": "list", "data": [told(batch) for batch in page], "has_more": first + 1 < len(order)}

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request's result in Anthropic's form; OpenAI's files are made of it."""
        path = (request.get("url") or MESSAGES).removeprefix("/v1")
        asked = Asked(path, {}, request["params"], last_words(request["params"]), 0)
        fate = self._fate(asked)
        if fate is None:
            reply = Reply(priced(asked), output_tokens=5, input_tokens=50)
            return {
                "custom_id": request["custom_id"],
                "result": {"type": "succeeded", "message": SHAPES[path](asked, reply, 50, 5)},
            }
        if fate.status is None:
            return {"custom_id": request["custom_id"], "result": {"type": "expired"}}
        error = {"type": "error", "error": {"type": fate.kind, "message": fate.message}, "status": fate.status}
        return {"custom_id": request["custom_id"], "result": {"type": "errored", "error": error}}

    def _fate(self, asked: Asked) -> Fate | None:
        for parameter, message in (self.refuses or {}).items():
            if parameter in asked.body:
                return Fate(400, message)
        for word, fates in self.fates.items():
            if word in asked.words:
                return fates[min(self.asked[asked.words], len(fates)) - 1]
        return None

    def _anthropic(self, batch: Batch) -> Any:
        kinds = Counter(row["result"]["type"] for row in batch.results or [])
        counts = {kind: kinds[kind] for kind in ("succeeded", "errored", "canceled", "expired")}
        processing = 0 if batch.results is not None else len(batch.requests)
        return {
            "id": batch.id, "type": "message_batch", "created_at": "2023-11-14T22:13:20Z", "expires_at": "2023-11-15T22:13:20Z",
            "processing_status": "in_progress" if processing else "ended", "request_counts": {"processing": processing} | counts,
            "results_url": "https://elsewhere.example/results",
        }  # fmt: skip

    def _openai(self, batch: Batch) -> Any:
        told: dict[str, Any] = {
            "id": batch.id, "object": "batch", "created_at": CREATED, "status": "in_progress", "metadata": batch.told["metadata"],
            "request_counts": {"total": len(batch.requests), "completed": 0, "failed": 0},
        }  # fmt: skip
        if batch.results is None:
            return told | batch.told
        good = [row for row in batch.results if row["result"]["type"] == "succeeded"]
        bad = [row for row in batch.results if row["result"]["type"] != "succeeded"]
        made = sum(row["result"]["type"] == "errored" for row in bad)
        told["request_counts"] |= {"completed": len(good), "failed": made}
        told["status"] = "expired" if len(bad) > made else "completed"
        for name, rows in (("output_file_id", good), ("error_file_id", bad)):
            if rows:
                told[name] = f"{batch.id}-{name}"
                self.files.setdefault(
                    told[name], b"".join(json.dumps(_openai_row(row)).encode() + b"\n" for row in rows)
                )
        return told | batch.told


def _openai_row(row: dict[str, Any]) -> dict[str, Any]:
    result = row["result"]
    made: dict[str, Any] = {"id": "batch_req_1", "custom_id": row["custom_id"], "response": None, "error": None}
    if result["type"] == "succeeded":
        made["response"] = {"status_code": 200, "request_id": "r", "body": result["message"]}
    elif result["type"] == "errored":
        error = result["error"]
        made["response"] = {"status_code": error["status"], "request_id": "r", "body": {"error": error["error"]}}
    else:
        made["error"] = {
            "code": "batch_expired",
            "message": "This request could not be executed before the completion window expired.",
        }
    return made


@contextmanager
def serving(provider: BatchLoopback) -> Iterator[BatchLoopback]:
    """The provider at work on a thread of its own, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 2**16  # head and body in one packet

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by its base
            return

        def _serve(self, method: str) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            call = f"{method} {parts.path}"
            provider.calls[call] += 1
            provider.headers.append({name.lower(): value for name, value in self.headers.items()})
            fault = next(
                (left.popleft() for begin, left in provider.faults.items() if call.startswith(begin) and left), None
            )
            if isinstance(fault, int):
                return self._send(fault, {"error": {"message": "made to fail", "type": "made_to_fail"}})
            told = provider.serve(method, parts.path, parse_qs(parts.query), body, self.headers.get("content-type", ""))
            if fault == CUT:
                self.close_connection = True
                return None
            return self._send(
                404 if told is None else 200, told if told is not None else {"error": {"message": "no such path"}}
            )

        def _send(self, status: int, told: Any) -> None:
            data = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


__all__ = ["CHAT", "CUT", "EXPIRED", "MESSAGES", "RESPONSES", "BatchLoopback", "Fate", "serving"]
