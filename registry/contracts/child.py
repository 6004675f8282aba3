"""The process in which contracts are parsed: `python -I -m registry.contracts.child`, started by `jail`.

It loads everything once, then makes a process of its own for each question: no contract meets what another one left
behind, and when one of them dies the next question is answered all the same. That process has no file, no environment,
and cannot open any: neither a file nor a connection. It ends with its answer, or at its limits.
"""

import gc
import os
import resource
import sys
from collections.abc import Sequence

from registry.contracts import families, frames

CPU_SECONDS, MEMORY_BYTES = 10, 512 * 1024 * 1024
DONE, FAILED = b"done", b"failed"
_CHUNK = 1 << 16


def serve() -> None:
    """Answer until the parent closes its end."""
    _limit()
    _warm_up()
    while (question := frames.unpack(sys.stdin.buffer.read)) is not None:
        sys.stdout.buffer.write(frames.pack(_apart(question)))
        sys.stdout.buffer.flush()


def answer(question: Sequence[bytes]) -> bytes:
    """The bytes of a verdict, of a problem, or of a frame with a problem and with lint findings in an Impact."""
    what, *rest = question
    if what == b"compare":
        before_type, before, after_type, after = rest
        return families.compare(before_type.decode(), before, after_type.decode(), after).SerializeToString()
    media_type, content = rest
    if what == b"examine":
        problem, found = families.examine(media_type.decode(), content)
        return frames.pack([problem.encode(), found.SerializeToString()])
    return families.read(media_type.decode(), content).encode()


def _limit() -> None:
    """No core, no file that grows, no more memory than that; in the ordinary user's name also no program."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _warm_up() -> None:
    """Load now what would be loaded on first use: later nothing can be opened."""
    schema = b'{"$schema": "x", "enum": [1.5, "\xc3\xa5"]}'
    answer([b"compare", b"application/json", schema, b"text/yaml", b"$schema: x"])
    answer([b"examine", b"application/json", b'{"openapi": "3.1.0", "info": {}}'])
    answer([b"read", b"application/x-protobuf", b"\xff"])
    gc.collect()
    gc.freeze()


def _apart(question: Sequence[bytes]) -> list[bytes]:
    """The answer of a process of its own, and how it ended."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _answer_and_end(question, read_end, write_end)
    os.close(write_end)
    with open(read_end, "rb") as pipe:  # noqa: PTH123 - a descriptor, not a path
        found = pipe.read(frames.MOST_BYTES)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return [DONE, found] if code == 0 else [FAILED, str(code).encode()]


def _answer_and_end(question: Sequence[bytes], read_end: int, write_end: int) -> None:
    code = 1
    try:
        for each in (read_end, sys.stdin.fileno(), sys.stdout.fileno(), sys.stderr.fileno()):
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        found = memoryview(answer(question))
        while found:
            found = found[os.write(write_end, found[:_CHUNK]) :]
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
