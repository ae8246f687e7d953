"""What the operating system denies the child, whatever SQL or DuckDB does: memory, time, other files, the network.

Each wall is put up where the system has it: limits on any Unix (macOS does not enforce the one on memory), Landlock on Linux 5.13
and later. Where one is missing the others stand, and the parent's kill at the time limit works everywhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import signal
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

MEMORY_MB = 1024  # what DuckDB may use; its strings escape that limit
ADDRESS_MB = 2048  # what the process may map, the interpreter and DuckDB's 0.2 GB included
OPEN_FILES = 64
# What DuckDB reads of the machine when it opens a database: how many cores it may use.
MACHINE = ("/proc/self/cgroup", "/proc/stat", "/sys/devices/system/cpu", "/sys/fs/cgroup")


def confine(seconds: float, files: Sequence[str]) -> None:
    """From here on this process lives `seconds` at most, has little memory, and reads no file but `files`."""
    _limit(seconds)
    if sys.platform == "linux":
        _landlock([path for path in (*files, *MACHINE) if Path(path).exists()])


def _limit(seconds: float) -> None:
    if sys.platform == "win32":
        return
    import resource

    limits = (
        (resource.RLIMIT_AS, ADDRESS_MB * 2**20),
        (resource.RLIMIT_CPU, math.ceil(seconds) + 1),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    )
    for which, most in limits:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some; a lower hard limit stands as it is
            resource.setrlimit(which, (most, most))
    # Sleeping costs no CPU time, and a parent that was killed cannot kill: the alarm ends the process then.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds + 1)


# --- Landlock, linux/landlock.h: a process gives up rights for good. A kernel without it answers ENOSYS, and nothing is lost.

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
VERSION_FLAG = 1
PATH_BENEATH = 1
NO_NEW_PRIVILEGES = 38  # prctl
READ_FILE, READ_DIR = 1 << 2, 1 << 3
# Rights that each version added: the file system's first 13, then REFER, TRUNCATE, IOCTL_DEV; TCP bind and connect; scopes.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
NET_RIGHTS, NET_SINCE = 0b11, 4
SCOPES, SCOPES_SINCE = 0b11, 6


def _landlock(readable: Sequence[str]) -> bool:
    """Allow this thread and those it starts to read `readable` and no other file, and no TCP. False where there is no Landlock."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, 0, VERSION_FLAG)
    if version < 1:
        return False
    rights = sum(bits for since, bits in FILE_RIGHTS.items() if since <= version)
    handled = (rights, NET_RIGHTS, SCOPES)[: 1 + (version >= NET_SINCE) + (version >= SCOPES_SINCE)]
    ruleset = _call(libc, CREATE_RULESET, struct.pack(f"={len(handled)}Q", *handled), 8 * len(handled), 0)
    for path in readable:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = READ_FILE | READ_DIR if Path(path).is_dir() else READ_FILE
        _call(libc, ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", allowed, place), 0)
        os.close(place)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    _call(libc, RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return True


def _call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    result: int = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    return result
