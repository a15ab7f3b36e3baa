"""Run a module that must not outlive whoever started it: `python -m infra.local.guarded <scratch> <module> …`.

The parent holds the other end of our standard input. When it closes, whether by stop() or because the parent was
killed, the whole process group goes. The kernel's parent-death signal would not do: it fires when the *thread* that
started us ends, and the workers of the emulator, whose threads come and go, could not use it at all.
"""

import os
import runpy
import shutil
import signal
import sys
import threading


def _end_with(pipe: int, scratch: str) -> None:
    while os.read(pipe, 1):
        pass
    shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    scratch, module, *arguments = sys.argv[1:]
    if os.getpgrp() != os.getpid():
        sys.exit("guarded: needs a process group of its own, or it would end its parent's.")
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    threading.Thread(target=_end_with, args=(pipe, scratch), name="guard", daemon=True).start()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
