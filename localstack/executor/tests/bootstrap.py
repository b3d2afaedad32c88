"""A function whose event says what it shall do: {"do": "…"}."""

import http.client
import json
import os
import sys
import time
from collections.abc import Iterable

RUNTIME = "/2018-06-01/runtime"
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


answer: dict[str, str] = {}


def call(path: str, body: bytes | Iterable[bytes] | None = None) -> tuple[int, bytes]:
    """An iterator as body is sent in chunks."""
    api.request("GET" if body is None else "POST", path, body)
    response = api.getresponse()
    answer.update(response.headers)
    return response.status, response.read()


def post(path: str, body: object = None) -> int:
    return call(path, json.dumps(body).encode())[0]


print("starting", flush=True)
if os.environ.get("FAKE_START") == "error":
    post(f"{RUNTIME}/init/error", {"errorType": "NoConfig", "errorMessage": "no URL"})
    sys.exit(1)
if os.environ.get("FAKE_START") == "exit":
    sys.exit("cannot read the configuration")
if os.environ.get("FAKE_START") == "hang":
    time.sleep(600)
if os.environ.get("FAKE_START") == "extension":
    status, about = call("/2020-01-01/extension/register", b'{"events": []}')
    assert status == 200 and answer["Lambda-Extension-Identifier"]
    assert json.loads(about).keys() == {"functionName", "functionVersion", "handler"}

while True:
    _, event = call(f"{RUNTIME}/invocation/next")
    request = answer["Lambda-Runtime-Aws-Request-Id"]
    left_ms = int(answer["Lambda-Runtime-Deadline-Ms"]) - int(time.time() * 1000)
    given = json.loads(event)
    match given["do"]:
        case "echo":
            result = {"given": given, "left_ms": left_ms, "pid": os.getpid()}
            post(f"{RUNTIME}/invocation/{request}/response", result)
        case "environment":
            post(f"{RUNTIME}/invocation/{request}/response", dict(os.environ))
        case "chunked":
            text = json.dumps("é" * 5000).encode()
            pieces = (text[at : at + 1000] for at in range(0, len(text), 1000))
            call(f"{RUNTIME}/invocation/{request}/response", pieces)
        case "fail":
            error = {"errorType": "Broken", "errorMessage": "as asked"}
            post(f"{RUNTIME}/invocation/{request}/error", error)
        case "log":
            print("out é", flush=True)
            print("err", file=sys.stderr, flush=True)
            post(f"{RUNTIME}/invocation/{request}/response")
        case "wrong request":
            status = post(f"{RUNTIME}/invocation/other/response", "lost")
            post(f"{RUNTIME}/invocation/{request}/response", status)
        case "crash":
            print("last words", flush=True)
            os._exit(3)
        case "answer and exit":
            path = f"{RUNTIME}/invocation/{request}/response"
            api.request("POST", path, b'"done"')
            os._exit(0)
        case "half an answer":
            api.putrequest("POST", f"{RUNTIME}/invocation/{request}/response")
            api.putheader("Content-Length", "100")
            api.endheaders(b'"half')
            os._exit(0)
        case "half in chunks":
            api.putrequest("POST", f"{RUNTIME}/invocation/{request}/response")
            api.putheader("Transfer-Encoding", "chunked")
            api.endheaders(b'20\r\n"half')
            os._exit(0)
        case "flood":
            sys.stdout.write(f"{'x' * 999_999}\n")
            sys.stdout.flush()
            post(f"{RUNTIME}/invocation/{request}/response")
        case "hang":
            time.sleep(600)
