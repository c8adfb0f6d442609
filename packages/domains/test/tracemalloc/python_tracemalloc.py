# What Python's own tracemalloc says of given traces: python_tracemalloc.py < JSON > JSON.
# In: {"snapshots": [[[domain, size, [[file, line], ...most recent first], total], ...], ...], "filters": [...], "sizes": [...]}
import json
import sys
import tracemalloc

asked = json.load(sys.stdin)
total = sys.version_info >= (3, 9)


def snapshot(traces):
    raw = []
    for domain, size, frames, total_nframe in traces:
        frames = tuple((name, line) for name, line in frames)
        raw.append((domain, size, frames, total_nframe) if total else (domain, size, frames))
    return tracemalloc.Snapshot(raw, 25)


def error(function, *args):
    try:
        return repr(function(*args))
    except Exception as exception:
        return str(exception)


snapshots = [snapshot(traces) for traces in asked["snapshots"]]
new, old = snapshots
KEYS = [("lineno", False), ("filename", False), ("traceback", False), ("lineno", True), ("filename", True)]
out = {
    "traces": [[str(trace), repr(trace)] for trace in new.traces],
    "tracebacks": [
        [tb.format(), tb.format(limit=2), tb.format(limit=-1), tb.format(most_recent_first=True)]
        for tb in (trace.traceback for trace in new.traces)
    ],
    "statistics": [[[str(s), repr(s)] for s in new.statistics(*key)] for key in KEYS],
    "diffs": [[[str(s), repr(s)] for s in new.compare_to(old, *key)] for key in KEYS],
    "sizes": [[tracemalloc._format_size(size, False), tracemalloc._format_size(size, True)] for size in asked["sizes"]],
    "errors": [error(new.statistics, "it's"), error(new.statistics, "traceback", True), error(new.filter_traces, 1)],
    "filtered": [],
}
for filters in asked["filters"]:
    made = []
    for f in filters:
        if "pattern" in f:
            made.append(
                tracemalloc.Filter(f["inclusive"], f["pattern"], f.get("lineno"), f.get("allFrames", False), f.get("domain"))
            )
        else:
            made.append(tracemalloc.DomainFilter(f["inclusive"], f["domain"]))
    out["filtered"].append([str(trace) for trace in new.filter_traces(made).traces])
json.dump(out, sys.stdout)
