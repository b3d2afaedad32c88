"""Which requests of web pages LocalStack answers.

LocalStack guards its API with nothing but the origin that a browser names, and any page can have the
origin `null`: a frame in a sandbox has. So no request of a foreign page reaches the API, whatever
origin it names. The form on the page that a mail links to is such a request too (its page sends no
referrer, hence no origin either). In AWS a function's URL asks for no origin; here that form is let
through, and nothing else.
"""

import re

from localstack import config
from localstack.aws import handlers
from localstack.aws.api import RequestContext
from localstack.runtime import hooks
from rolo import Response
from rolo.gateway import HandlerChain
from rolo.gateway.chain import Handler

# The page that a mail links to. Other paths of a function's host may be LocalStack's own.
FORM_PATH = re.compile(r"/u/[^/]+")
# What browsers say of a request that another site's page makes.
FOREIGN = ("cross-site", "same-site")


def is_function_url(host: str, port: int) -> bool:
    return re.fullmatch(rf"[a-z0-9]+\.lambda-url\.us-east-1\.localhost:{port}", host) is not None


class OriginCheck(Handler[RequestContext]):
    """Runs before LocalStack's own check of the origin."""

    def __call__(
        self, chain: HandlerChain[RequestContext], context: RequestContext, response: Response
    ) -> None:
        request = context.request
        headers = request.headers
        if is_function_url(headers.get("Host", ""), config.GATEWAY_LISTEN[0].port):
            is_form = request.method == "POST" and FORM_PATH.fullmatch(request.path)
            if is_form and headers.get("Origin") == "null":
                del headers["Origin"]
        elif headers.get("Sec-Fetch-Site") in FOREIGN:
            response.status_code = 403
            chain.terminate()


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def local_cloud_origins() -> None:
    handlers.preprocess_request.append(OriginCheck())
