"""`python -m infra.local`: start the stack, say where it is, stay until Ctrl-C."""

import signal
import sys

from infra.local.stack import LocalStack
from infra.local.tools import StackError


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with LocalStack(say=say) as stack:
            say(f"AWS_ENDPOINT_URL={stack.endpoint}")
            for name, value in sorted(stack.outputs.items()):
                say(f"{name}={value}")
            say(f"Log: {stack.log}\nCtrl-C ends it.")
            signal.pause()
    except KeyboardInterrupt:
        say("Stopped.")
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
