"""The Python side of the local cloud: Lambda functions and PostgreSQL as plain processes.

Install, into a fresh environment, in seconds and without running anything unverified:

    python3 -m venv ENV
    ENV/bin/pip install --require-hashes -r requirements-uv.txt
    ENV/bin/uv pip install --python ENV --require-hashes -r requirements.txt \
        --build-constraints requirements-uv.txt
    ENV/bin/uv pip install --python ENV --require-hashes --no-deps -r requirements-no-deps.txt
    ENV/bin/uv pip install --python ENV --no-deps --offline --reinstall-package local-cloud .

LocalStack, headless, with all of its files below DIR (make DIR/tmp, DIR/home and DIR/cache first)
and an environment of nothing but this:

    PATH=/usr/bin:/bin  HOME=DIR/home  TMP=DIR/tmp  XDG_CACHE_HOME=DIR/cache
    OVERRIDE_IN_DOCKER=0    else a container is guessed: files go to /var/lib, a bridge is pinged
    FILESYSTEM_ROOT=DIR     its own folders: DIR/var/lib/localstack/…
    PERSISTENCE=1           else sent mails lie in a folder that each start and stop deletes
    GATEWAY_LISTEN=127.0.0.1:4566  SERVICES=…  EAGER_SERVICE_LOADING=0
    LOCALSTACK_HOST=localhost:4566  SQS_ENDPOINT_STRATEGY=path      URLs need no DNS
    DISABLE_EVENTS=1  SKIP_SSL_CERT_DOWNLOAD=1  DNS_ADDRESS=0       nothing leaves for the network
    LAMBDA_RUNTIME_EXECUTOR=process
    CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES=0         a type that is not there fails the deploy, but
    CFN_IGNORE_UNSUPPORTED_TYPE_CREATE=AWS::SES::…  for those named here (also …_TYPE_UPDATE); only
                                                    with catalog.py does this ask no server elsewhere
    ENV/bin/python -m localstack.runtime.main

Sent mails: DIR/var/lib/localstack/state/ses/MESSAGE-ID.json, one file each, written before
SendRawEmail answers. `GET /_aws/ses` shows the same out of memory and forgets with the process.

It stops on SIGTERM: functions end within a second or two (an event in flight gets two more), then
the port closes; the seconds after that are Python tidying up, and may be cut short.

Functions are read in place from the bucket `hot-reload`, the key being the absolute folder of
`bootstrap`; a rebuilt binary serves the next event. A function lives and dies with LocalStack.
"""
