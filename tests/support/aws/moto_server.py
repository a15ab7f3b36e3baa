"""AWS in memory for other processes: an HTTP server before the moto of this process, inside `mock_aws`."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

SERVICE = re.compile(r"Credential=[^/]+/[0-9]+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
NOT_OURS = {"host", "content-length", "connection", "accept-encoding"}


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@Request.application
def _forward(request: Request) -> Response:
    """To the service the request was signed for; moto answers before it leaves this process."""
    signed = SERVICE.search(request.headers["Authorization"])
    assert signed, request.headers["Authorization"]
    headers = {name: value for name, value in request.headers if name.lower() not in NOT_OURS}
    url = f"https://{signed['service']}.{signed['region']}.amazonaws.com{request.path}"
    answer = requests.post(url, data=request.get_data(), headers=headers, timeout=10)
    return Response(answer.content, answer.status_code, content_type=answer.headers.get("Content-Type"))


@contextmanager
def serving_moto() -> Iterator[str]:
    """The address for AWS_ENDPOINT_URL."""
    server = make_server("127.0.0.1", 0, _forward, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
