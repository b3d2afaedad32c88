"""Which requests of web pages LocalStack answers.

LocalStack guards its API with nothing but the origin that a browser names, or else the referrer, and any
page can have the origin `null`: a frame in a sandbox has. So no request of a foreign page reaches the API,
whatever origin it names.

In AWS a function's URL asks for no origin: the function itself does. Here a function is asked to change
something by its own pages only, and by the form on the page that a mail links to (its page sends no
referrer, hence no origin either). It is read from everywhere, as by the page of an issuer that leads
back to it.

In AWS the rules of the import bucket let pages of the console put lists into it. Here those pages, and no
others, may do just that.
"""

import re

from localstack import config
from localstack.aws import handlers
from localstack.aws.api import RequestContext
from localstack.http import Request
from localstack.runtime import hooks
from rolo import Response
from rolo.gateway import HandlerChain
from rolo.gateway.chain import Handler

from local_cloud.function_url import withhold

# The page that a mail links to. Other paths of a function's host may be LocalStack's own.
FORM_PATH = re.compile(r"/u/[^/]+")
# A new list in the import bucket.
UPLOAD_PATH = re.compile(r"/lists/uploads/[A-Za-z0-9.-]+")
# Methods that change nothing: a link leads to these.
READING = ("GET", "HEAD")
# What browsers say of a request that another site's page makes.
FOREIGN = ("cross-site", "same-site")


def is_function_url(host: str, port: int) -> bool:
    return re.fullmatch(rf"[a-z0-9]+\.lambda-url\.us-east-1\.localhost:{port}", host) is not None


class OriginCheck(Handler[RequestContext]):
    """Runs before LocalStack's own check, and keeps from it what it would refuse and may pass."""

    def __call__(
        self, chain: HandlerChain[RequestContext], context: RequestContext, response: Response
    ) -> None:
        request = context.request
        headers = request.headers
        host = headers.get("Host", "")
        if is_function_url(host, config.GATEWAY_LISTEN[0].port):
            if is_own(request, host):
                withhold(request, "Origin")
                withhold(request, "Referer")
        elif is_upload(request, config.GATEWAY_LISTEN[0].port):
            allow_upload(request, response)
            if request.method == "OPTIONS":
                response.status_code = 204
                chain.stop()
            withhold(request, "Origin")
            withhold(request, "Referer")
        elif headers.get("Sec-Fetch-Site") in FOREIGN:
            response.status_code = 403
            chain.terminate()


def is_own(request: Request, host: str) -> bool:
    """Whether a function on this host may be asked this."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.method in READING
    is_form = request.method == "POST" and FORM_PATH.fullmatch(request.path) is not None
    return origin == f"http://{host}" or origin == "null" and is_form


def is_upload(request: Request, port: int) -> bool:
    """Whether a page of the console puts a list into the import bucket, or asks whether it may."""
    origin = request.headers.get("Origin")
    is_console = origin == f"http://console.lambda-url.us-east-1.localhost:{port}"
    asked = request.headers.get("Access-Control-Request-Method", request.method)
    return is_console and asked == "PUT" and UPLOAD_PATH.fullmatch(request.path) is not None


def allow_upload(request: Request, response: Response) -> None:
    """Lets the page's script send the list and read what came of it."""
    response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
    response.headers["Access-Control-Allow-Methods"] = "PUT"
    response.headers["Access-Control-Allow-Headers"] = "content-type"


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def local_cloud_origins() -> None:
    handlers.preprocess_request.append(OriginCheck())
