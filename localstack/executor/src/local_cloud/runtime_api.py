"""The Lambda Runtime API of one process, on a loopback port of its own.

A port serves exactly one process and ends with it, so that a request for work left over from a
dead process can never swallow an event meant for its successor.
"""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from queue import SimpleQueue
from socketserver import ThreadingTCPServer


@dataclass(frozen=True)
class Event:
    """What one invocation hands to the function."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str
    timeout_seconds: float


@dataclass(frozen=True)
class Answer:
    """What one invocation, or a failed start, hands back."""

    payload: bytes
    is_error: bool


def failure(kind: str, message: str) -> Answer:
    """An error in the shape Lambda gives to those that happen outside the function's code."""
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}).encode(), True)


class RuntimeApi(ThreadingTCPServer):
    """Not an `HTTPServer`: that one looks its own name up in the DNS when it binds."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.started: Future[Answer | None] = Future()
        """Settled by the first request for work (None) or by what prevented it."""
        self.closed = threading.Event()
        self._why = ""
        self._events: SimpleQueue[tuple[Event, int] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._pending: tuple[str, Future[Answer]] | None = None
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Silent: a killed process cuts its connections."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def offer(self, event: Event) -> Future[Answer]:
        """Queues an event for the process; the future settles with its answer or its end."""
        answer: Future[Answer] = Future()
        with self._lock:
            self._pending = (event.request_id, answer)
            if self.closed.is_set():
                answer.set_result(_ended(self._why, event.request_id))
            deadline_ms = int((time.time() + event.timeout_seconds) * 1000)
            self._events.put((event, deadline_ms))
        return answer

    def next_event(self) -> tuple[Event, int] | None:
        """Blocks until there is work, or None once the process is gone."""
        self.settle_start(None)
        return self._events.get()

    def settle_start(self, outcome: Answer | None) -> None:
        with self._lock:
            if not self.started.done():
                self.started.set_result(outcome)

    def settle(self, request_id: str | None, answer: Answer) -> bool:
        """Answers the pending event; False when `request_id` is not the one pending."""
        with self._lock:
            if self._pending is None or request_id != self._pending[0]:
                return False
            if not self._pending[1].done():
                self._pending[1].set_result(answer)
            return True

    def pending(self) -> Future[Answer] | None:
        with self._lock:
            return self._pending[1] if self._pending else None

    def close(self, why: str) -> None:
        """Ends the port; whoever still waits for the process is told why it ended."""
        with self._lock:
            self._why = why
            self.closed.set()
            request_id = self._pending[0] if self._pending else None
        self.settle_start(_ended(why, None))
        self.settle(request_id, _ended(why, request_id))
        self._events.put(None)
        self.shutdown()
        self.server_close()


def _ended(why: str, request_id: str | None) -> Answer:
    whom = f"RequestId: {request_id} " if request_id else ""
    return failure("Runtime.ExitError", f"{whom}Error: {why}")


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/2018-06-01/runtime/invocation/next":
            self._hand_out()
        elif self.path == "/2020-01-01/extension/event/next":
            # Internal extensions (lambda_runtime's graceful shutdown) subscribe to nothing.
            self.server.closed.wait()
            self.close_connection = True
        else:
            self._reply(404, {"errorType": "NotFound", "errorMessage": self.path})

    def do_POST(self) -> None:
        body = self._read_body()
        ending = re.fullmatch(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)", self.path)
        if ending:
            known = self.server.settle(ending[1], Answer(body, ending[2] == "error"))
            if known:
                self._reply(202, {"status": "OK"})
            else:
                self._reply(400, {"errorType": "InvalidRequestID", "errorMessage": ending[1]})
        elif self.path == "/2018-06-01/runtime/init/error":
            self.server.settle_start(Answer(body, True))
            self._reply(202, {"status": "OK"})
        elif self.path == "/2020-01-01/extension/register":
            name = self.headers.get("Lambda-Extension-Name", "internal")
            self._reply(200, {}, {"Lambda-Extension-Identifier": name})
        else:
            self._reply(404, {"errorType": "NotFound", "errorMessage": self.path})

    def _hand_out(self) -> None:
        work = self.server.next_event()
        if work is None:
            self.close_connection = True
            return
        event, deadline_ms = work
        headers = {
            "Lambda-Runtime-Aws-Request-Id": event.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
            "Lambda-Runtime-Trace-Id": event.trace_id,
        }
        self._reply(200, event.payload, headers)

    def _reply(
        self, status: int, body: bytes | dict[str, str], headers: dict[str, str] | None = None
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # Trailers say nothing that a buffered answer needs.
        return bytes(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the function's own output is the log."""
