"""The Lambda Runtime API of one process, on a loopback port of its own.

A port serves one process and ends with it, so a request for work left over from a dead process
cannot swallow an event meant for its successor.
"""

import json
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler
from queue import SimpleQueue
from socketserver import ThreadingTCPServer
from typing import Any

Invocation = dict[str, str]
"""With LocalStack's names: `invoke-id`, `payload`, `invoked-function-arn`, `trace-id`."""

# lambda_runtime wants these names to be there, and reads none of them.
_REGISTERED = b'{"functionName": "", "functionVersion": "", "handler": ""}'
_ANSWER = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")


@dataclass(frozen=True)
class Answer:
    """The function's response, or why there is none; `message` goes to its log."""

    payload: bytes = b""
    is_error: bool = False
    message: str = ""


def failure(kind: str, message: str) -> Answer:
    """An error that happened outside the function's code, in Lambda's shape."""
    payload = json.dumps({"errorType": kind, "errorMessage": message}).encode()
    return Answer(payload, is_error=True, message=message)


class RuntimeApi(ThreadingTCPServer):
    """Not an `HTTPServer`: that one looks its own name up in the DNS when it binds."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self.answers: SimpleQueue[Answer] = SimpleQueue()
        """First an empty one, when the process asks for work, then one for each event."""
        self.pending = ""
        self.asked = False
        self.ended = threading.Event()
        self._events: SimpleQueue[tuple[dict[str, str], bytes] | None] = SimpleQueue()
        self._connections: list[threading.Thread] = []
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def offer(self, invocation: Invocation, limit_seconds: float) -> None:
        self.pending = invocation["invoke-id"]
        headers = {
            "Lambda-Runtime-Aws-Request-Id": self.pending,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + limit_seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": invocation["trace-id"],
        }
        self._events.put((headers, invocation["payload"].encode()))

    def next_event(self) -> tuple[dict[str, str], bytes] | None:
        """Blocks until there is work, or None once the process is gone."""
        if not self.asked:
            self.asked = True
            self.answers.put(Answer())
        return self._events.get()

    def end(self, last_response: Answer) -> None:
        """The process has ended: a pending invocation gets `last_response`."""
        self.ended.set()
        self._events.put(None)
        self._accept_all()
        for connection in self._connections:
            connection.join(timeout=1)  # It may hold an answer sent just before the end.
        self.answers.put(last_response)
        self.shutdown()
        self.server_close()

    def _accept_all(self) -> None:
        """Connections are accepted in their order: once ours is answered, so is every earlier one."""
        with suppress(OSError, HTTPException):
            knock = HTTPConnection("127.0.0.1", self.server_address[1], timeout=1)
            knock.request("GET", "/")
            knock.getresponse()
            knock.close()

    def process_request(self, request: Any, client_address: Any) -> None:
        given = (request, client_address)
        thread = threading.Thread(target=self.process_request_thread, args=given, daemon=True)
        thread.start()
        self._connections = [*filter(threading.Thread.is_alive, self._connections), thread]

    def handle_error(self, request: object, client_address: object) -> None:
        """Silent: a killed process cuts its connections."""


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/2018-06-01/runtime/invocation/next":
            if event := self.server.next_event():
                return self._reply(200, *event)
        elif self.path == "/2020-01-01/extension/event/next":
            # An internal extension (lambda_runtime's graceful shutdown) subscribes to nothing.
            self.server.ended.wait()
        else:
            return self._reply(404)
        self.close_connection = True

    def do_POST(self) -> None:
        body = self._read_body()
        if answer := _ANSWER.fullmatch(self.path):
            if answer[1] != self.server.pending:
                return self._reply(400, body=b'{"errorType": "InvalidRequestID"}')
            self.server.pending = ""
            self.server.answers.put(Answer(body, is_error=answer[2] == "error"))
            return self._reply(202)
        if self.path == "/2018-06-01/runtime/init/error":
            self.server.answers.put(Answer(body, is_error=True))
            return self._reply(202)
        if self.path == "/2020-01-01/extension/register":
            return self._reply(200, {"Lambda-Extension-Identifier": "internal"}, _REGISTERED)
        self._reply(404)

    def _reply(self, status: int, headers: dict[str, str] = {}, body: bytes = b"{}") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _read_body(self) -> bytes:
        """All of it or an exception: a killed process may have sent half an answer."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            body = self.rfile.read(length := int(self.headers.get("Content-Length", 0)))
            if len(body) < length:
                raise ConnectionError
            return body
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # Trailers say nothing that a buffered answer needs.
        return body

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the function's own output is the log."""
