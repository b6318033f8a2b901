"""Become another program that dies with the process that started it.

    python exec_child.py PARENT_PID PROGRAM ARGUMENT...

Run as a script between fork and exec: `preexec_fn` is unsafe in a process that has threads.
Where the kernel has no parent-death signal (macOS), this is a plain exec.
"""

import os
import sys

PR_SET_PDEATHSIG = 1
SIGKILL = 9


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was asked for
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
