"""A leak below batches that come and go: each keeps something, and there is much more that it does not keep."""
import sys

audit = getattr(sys, "audit", lambda *_: None)
kept = []


def batch(seed):
    rows = [{"key": number, "text": str(number)} for number in range(8_000)]
    kept.extend("audit %d of %d" % (number, seed) for number in range(0, 8_000, 4))  # LEAK
    return len(rows)


for seed in range(16):
    batch(seed)
    audit("obmalloc.mark", "round %d" % seed)
