"""Prints a memray capture as lines of text, read by memray itself.

    python read_memray.py CAPTURE        run by a Python that has memray
    python read_memray.py                says which memray there is, and does nothing else

Lines, fields separated by tabs, numbers decimal unless it says otherwise:

    I  JSON                               first: what memray says of the capture
    R  Unix ms, resident bytes, heap      the resident set, with memray's own count of live bytes at that moment
    F  id, caller's id, line, function, file   one call of a stack, before it is used (function and file as JSON)
    A  allocator, thread, address (hex), bytes, stack's id    one operation; allocators as memray numbers them
    E  JSON                               last: number of operations, and what went wrong on the way

Exit codes: 0; 3 there is no memray; 4 the capture cannot be used, the reason is on stderr.
"""

import json
import sys


def fail(code, message):
    sys.stderr.write(message + "\n")
    sys.exit(code)


try:
    import memray
except Exception as error:  # also a memray that is broken
    fail(3, "{}: {}".format(type(error).__name__, error))

PIECE = 4096


class Stacks:
    """Stacks as a tree of calls, each printed once, its callers before it."""

    def __init__(self, out):
        self.out = out
        self.calls = {}
        self.known = {}

    def id_of(self, record):
        key = getattr(record, "stack_id", None)
        known = self.known.get(key) if key is not None else None
        if known is not None:
            return known
        found = 0
        for function, file, line in reversed(record.stack_trace()):
            found = self.call(found, function, file, line)
        if key is not None:
            self.known[key] = found
        return found

    def call(self, caller, function, file, line):
        key = (caller, function, file, line)
        found = self.calls.get(key)
        if found is None:
            found = self.calls[key] = len(self.calls) + 1
            fields = (found, caller, line, json.dumps(function), json.dumps(file))
            self.out.append("F\t{}\t{}\t{}\t{}\t{}".format(*fields))
        return found


def lacks_end(path, data):
    """memray packs a finished capture as one LZ4 frame, which ends with a mark of zeros; one that goes on has no end time."""
    with open(path, "rb") as file:
        magic = file.read(5)
        if magic[:4] != b"\x04\x22\x4d\x18":
            return data.end_time <= data.start_time
        checksum = 4 if magic[4] & 4 else 0
        file.seek(-4 - checksum, 2)
        return file.read(4) != b"\0\0\0\0"


def facts(path, reader):
    data = reader.metadata
    form = getattr(data, "file_format", None)
    return {
        "memray": memray.__version__,
        "python": "{}.{}".format(*sys.version_info[:2]),
        "commandLine": data.command_line,
        "pid": data.pid,
        "startedAtUnixMs": round(data.start_time.timestamp() * 1000),
        "endedAtUnixMs": round(data.end_time.timestamp() * 1000),
        "pythonAllocator": data.python_allocator,
        "hasNativeTraces": data.has_native_traces,
        "format": getattr(form, "name", "ALL_ALLOCATIONS"),
        "allocators": {str(int(kind)): kind.name for kind in memray.AllocatorType},
        "isCut": lacks_end(path, data),
    }


def flush(lines):
    sys.stdout.write("\n".join(lines) + "\n")
    del lines[:]


def main(path):
    try:
        reader = memray.FileReader(path)
        about = facts(path, reader)
    except Exception as error:
        fail(4, str(error) or type(error).__name__)
    lines = ["I\t" + json.dumps(about)]
    if about["format"] != "ALL_ALLOCATIONS":
        flush(lines)
        return
    for snapshot in reader.get_memory_snapshots():
        lines.append("R\t{}\t{}\t{}".format(snapshot.time, snapshot.rss, snapshot.heap))
    stacks = Stacks(lines)
    frees = {int(memray.AllocatorType.FREE), int(memray.AllocatorType.MUNMAP)}
    frees.add(int(getattr(memray.AllocatorType, "PYMALLOC_FREE", 15)))
    count = 0
    problem = None
    try:
        for record in reader.get_allocation_records():
            stack = 0 if record.allocator in frees else stacks.id_of(record)
            lines.append(
                "A\t{}\t{}\t{:x}\t{}\t{}".format(
                    record.allocator, record.tid, record.address, record.size, stack
                )
            )
            count += 1
            if len(lines) >= PIECE:
                flush(lines)
    except Exception as error:
        problem = str(error) or type(error).__name__
    lines.append("E\t" + json.dumps({"operations": count, "problem": problem}))
    flush(lines)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.stdout.write(memray.__version__ + "\n")
    else:
        try:
            main(sys.argv[1])
        except BrokenPipeError:
            sys.exit(0)
