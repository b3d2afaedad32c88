"""Which requests of web pages LocalStack answers.

LocalStack guards its API with nothing but the origin that a browser names, or else the referrer, and any
page can have the origin `null`: a frame in a sandbox has. So no request of a foreign page reaches the API,
whatever origin it names.

In AWS a function's URL asks for no origin: the function itself does. Here a function is asked to change
something by its own pages only, and by the form on the page that a mail links to (its page sends no
referrer, hence no origin either). It is read from everywhere, as by the page of an issuer that leads
back to it.
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


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def local_cloud_origins() -> None:
    handlers.preprocess_request.append(OriginCheck())
