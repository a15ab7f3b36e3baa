"""Runs the handlers of one checkout and measures the CPU that their calls take: a process of its own per checkout.

It knows nothing of the checkout but three handlers, and imports nothing of ours beside them: PYTHONPATH says whose
they are. A command is one line of JSON on stdin, its answer one line on stdout.
"""

import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

HANDLERS = ("receive_webhook", "process_orders", "api")
CONTEXT = SimpleNamespace(
    function_name="lastunit",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:000000000000:function:lastunit",
    aws_request_id="request-1",
)

Handler = Callable[[Any, Any], Any]


def main() -> None:
    # The handlers log to stdout, as on Lambda: the answers get a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    handlers = {name: _handler(name) for name in HANDLERS}
    for line in sys.stdin:
        command = json.loads(line)
        answer = _timed(handlers[command["function"]], command["events"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _handler(name: str) -> Handler:
    handler: Handler = importlib.import_module(f"functions.{name}.handler").handler
    return handler


def _timed(handler: Handler, events: list[Any]) -> dict[str, Any]:
    """CPU seconds of this process, all its threads together, while the handler is at work."""
    gc.collect()
    began = time.process_time()
    answers = [handler(event, CONTEXT) for event in events]
    return {"seconds": time.process_time() - began, "answers": answers}


if __name__ == "__main__":
    main()
