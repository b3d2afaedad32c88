"""What LocalStack leaves out between a browser and a function's URL.

Cookies: a function answers with a list of them, which LocalStack drops, so that no sign-in would hold.
And headers that `origins.py` withholds from LocalStack's check of origins: the function sees them, as it
does in AWS.
"""

import json
from json import JSONDecodeError
from typing import Any

from localstack.http import Request, Response
from localstack.services.lambda_ import urlrouter
from localstack.services.lambda_.invocation.lambda_models import InvocationResult

# In the request's environment, which no service looks at.
WITHHELD = "local_cloud.withheld"

_event = urlrouter.event_for_lambda_url
_response = urlrouter.lambda_result_to_response


def withhold(request: Request, name: str) -> None:
    """Takes a header away until the function gets its event."""
    value = request.headers.pop(name, None)
    if value is not None:
        request.environ.setdefault(WITHHELD, {})[name.lower()] = value


def event(api_id: str, request: Request) -> dict[str, Any]:
    """The event of a request, with all that the browser sent."""
    made: dict[str, Any] = _event(api_id, request)
    made["headers"].update(request.environ.get(WITHHELD, {}))
    cookies = made["headers"].get("cookie")
    if cookies:
        made["cookies"] = cookies.split("; ")
    return made


def response(result: InvocationResult) -> Response:
    """The response to a browser, with the cookies that the function sets."""
    made: Response = _response(result)
    for cookie in cookies_of(result.payload or b""):
        made.headers.add("Set-Cookie", cookie)
    return made


def cookies_of(payload: bytes) -> list[str]:
    """The cookies of an answer in payload format 2.0; none of any other answer."""
    try:
        answer = json.loads(payload)
    except (JSONDecodeError, UnicodeDecodeError):
        return []
    cookies = answer.get("cookies") if isinstance(answer, dict) else None
    if not isinstance(cookies, list):
        return []
    return [cookie for cookie in cookies if isinstance(cookie, str)]


def mend() -> None:
    """LocalStack looks both up by their names whenever a URL is asked. Twice does no harm."""
    urlrouter.event_for_lambda_url = event
    urlrouter.lambda_result_to_response = response
