"""What passes between a browser and a function's URL."""

from __future__ import annotations

import json

import pytest
from local_cloud import function_url
from local_cloud.executor import ProcessExecutorPlugin
from localstack.http import Request, Response
from localstack.services.lambda_ import urlrouter
from localstack.services.lambda_.invocation.lambda_models import InvocationResult


@pytest.fixture(autouse=True)
def mended() -> None:
    ProcessExecutorPlugin().load()


def response_to(payload: bytes) -> Response:
    result = InvocationResult("request", payload, False, None)
    made: Response = urlrouter.lambda_result_to_response(result)
    return made


def test_each_cookie_becomes_a_header() -> None:
    session = "__Host-session=v1.a.b; Path=/; Secure; HttpOnly; SameSite=Lax"
    login = "__Host-login-1=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    answer = {
        "statusCode": 303,
        "headers": {"location": "/"},
        "cookies": [session, login],
        "body": "",
    }
    response = response_to(json.dumps(answer).encode())
    assert response.status_code == 303
    assert response.headers["Location"] == "/"
    assert response.headers.getlist("Set-Cookie") == [session, login]


@pytest.mark.parametrize(
    "payload", [b'{"statusCode": 200}', b'"text"', b"[1]", b'{"cookies": "a=b"}', b"\xff", b"words"]
)
def test_other_answers_set_no_cookie(payload: bytes) -> None:
    assert function_url.cookies_of(payload) == []


def test_answer_with_cookies_keeps_its_body() -> None:
    answer = {"statusCode": 200, "cookies": ["a=b"], "body": "aGk=", "isBase64Encoded": True}
    response = response_to(json.dumps(answer).encode())
    assert response.get_data() == b"hi"
    assert response.headers.getlist("Set-Cookie") == ["a=b"]


def test_event_holds_cookies_and_withheld_headers() -> None:
    headers = {"Host": "console.example", "Origin": "http://console.example", "Cookie": "a=1; b=2"}
    request = Request("POST", "/login", headers=headers, body=b"")
    function_url.withhold(request, "Origin")
    function_url.withhold(request, "Referer")
    assert "Origin" not in request.headers
    event = urlrouter.event_for_lambda_url("console", request)
    assert event["headers"]["origin"] == "http://console.example"
    assert "referer" not in event["headers"]
    assert event["cookies"] == ["a=1", "b=2"]


def test_event_without_cookies_has_no_list() -> None:
    event = urlrouter.event_for_lambda_url("console", Request("GET", "/"))
    assert "cookies" not in event


def test_mending_twice_adds_no_cookie_twice() -> None:
    function_url.mend()
    function_url.mend()
    response = response_to(b'{"statusCode": 200, "cookies": ["a=b"]}')
    assert response.headers.getlist("Set-Cookie") == ["a=b"]
