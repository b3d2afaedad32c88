"""Which requests pass the two checks of origins, ours and LocalStack's own."""

from __future__ import annotations

import pytest
from local_cloud.origins import OriginCheck
from localstack import config
from localstack.aws.api import RequestContext
from localstack.aws.handlers import enforce_cors
from localstack.http import Request, Response
from rolo.gateway import HandlerChain

PORT = config.GATEWAY_LISTEN[0].port
API = f"127.0.0.1:{PORT}"
FUNCTION = f"a1b2c3.lambda-url.us-east-1.localhost:{PORT}"


def status(method: str, host: str, path: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(method, path, headers={"Host": host, **named})
    response = Response(status=200)
    chain: HandlerChain[RequestContext]
    chain = HandlerChain(request_handlers=[OriginCheck(), enforce_cors])
    chain.handle(RequestContext(request), response)
    return response.status_code


def test_request_without_origin_passes() -> None:
    assert status("POST", API, "/") == 200


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (API, "/2015-03-31/functions"),
        (API, "/u/token"),
        (f"localhost:{PORT}", "/u/token"),
        (FUNCTION, "/2015-03-31/functions"),
        (FUNCTION, "/_localstack/state/reset"),
        (FUNCTION, "/000000000000/queue"),
        (FUNCTION, "/u/token/more"),
        (f"{FUNCTION}0", "/u/token"),
        (f"x.{FUNCTION}", "/u/token"),
        (f"a1.lambda-url.us-east-1.evil.example:{PORT}", "/u/token"),
        (f"a1.lambda-url.xx-nowhere-1.localhost:{PORT}", "/u/token"),
    ],
)
def test_null_origin_is_refused(host: str, path: str) -> None:
    assert status("POST", host, path, Origin="null") == 403


def test_form_of_our_page_passes() -> None:
    assert status("POST", FUNCTION, "/u/token", Origin="null", Sec_Fetch_Site="same-origin") == 200


def test_form_with_named_origin_is_refused() -> None:
    assert status("POST", FUNCTION, "/u/token", Origin="https://evil.example") == 403


def test_own_page_may_change_its_function() -> None:
    own = {"Origin": f"http://{FUNCTION}", "Referer": f"http://{FUNCTION}/leads"}
    assert status("POST", FUNCTION, "/leads/1", Sec_Fetch_Site="same-origin", **own) == 200
    assert status("GET", FUNCTION, "/leads", Referer=own["Referer"]) == 200
    other = f"b4.lambda-url.us-east-1.localhost:{PORT}"
    assert status("POST", other, "/leads/1", **own) == 403
    assert status("POST", API, "/", **own) == 403


def test_function_is_read_from_any_page() -> None:
    issuer = "http://127.0.0.1:4580/oidc/authorize"
    assert status("GET", FUNCTION, "/callback", Referer=issuer, Sec_Fetch_Site="cross-site") == 200
    assert status("POST", FUNCTION, "/callback", Referer=issuer) == 403
    assert status("GET", API, "/", Referer=issuer) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_foreign_page_without_origin_is_refused(site: str) -> None:
    assert status("GET", API, "/?Action=ListQueues", Sec_Fetch_Site=site) == 403
    assert status("GET", FUNCTION, "/privacy", Sec_Fetch_Site=site) == 200


CONSOLE = f"http://console.lambda-url.us-east-1.localhost:{PORT}"
LIST = "/lists/uploads/0f-people.csv"


def test_console_may_upload_a_list() -> None:
    foreign = {"Origin": CONSOLE, "Sec_Fetch_Site": "cross-site"}
    assert status("PUT", API, LIST, **foreign) == 200
    assert status("OPTIONS", API, LIST, Access_Control_Request_Method="PUT", **foreign) == 204


@pytest.mark.parametrize(
    ("method", "path", "origin"),
    [
        ("PUT", LIST, "https://evil.example"),
        ("PUT", LIST, "null"),
        ("PUT", LIST, f"{CONSOLE}0"),
        ("GET", LIST, CONSOLE),
        ("DELETE", LIST, CONSOLE),
        ("PUT", "/lists/spring.csv", CONSOLE),
        ("PUT", "/deployment/template.json", CONSOLE),
        ("PUT", "/lists/uploads/../../deployment/template.json", CONSOLE),
        ("PUT", "/2015-03-31/functions/web/code", CONSOLE),
    ],
)
def test_nothing_else_of_a_bucket_is_reached(method: str, path: str, origin: str) -> None:
    assert status(method, API, path, Origin=origin, Sec_Fetch_Site="cross-site") == 403
