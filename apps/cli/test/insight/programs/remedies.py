"""Three programs that keep their memory, and what was done about each: to compare predictions with what happens.

usage: python remedies.py PROGRAM MODE, where PROGRAM is strings, rows or tuples, and MODE is keep, rehome, chunks, or padded BYTES
"""
import gc
import sys

COUNT = 200_000
ROUNDS = 100
program, mode = sys.argv[1:3]
pad_bytes = int(sys.argv[3]) if mode == "padded" else 0


def strings():
    """A short string of each hundredth round stays, among tuples, strings and dicts that die."""
    keep, temporaries = [], []
    pad = " " * pad_bytes
    for i in range(COUNT):
        temporaries.append((i, str(i) * 3, {"k": i}))
        if i % 100 == 0:
            keep.append("session-%d%s" % (i, pad))  # KEEP
        if mode == "chunks" and i % (COUNT // ROUNDS) == 0:
            temporaries.clear()
    return keep


def rows():
    """A bytes object of each fiftieth row stays, among lists and floats that die."""
    keep, temporaries = [], []
    size = 35 + pad_bytes
    for i in range(COUNT):
        temporaries.append([i * 1.5, b"%32d" % i])
        if i % 50 == 0:
            keep.append(bytes(size))  # KEEP
        if mode == "chunks" and i % (COUNT // ROUNDS) == 0:
            temporaries.clear()
    return keep


def tuples():
    """A name of each two hundredth record stays, among pairs that die."""
    keep, temporaries = [], []
    pad = "-" * pad_bytes
    for i in range(COUNT):
        temporaries.append(("name %d" % i, "mail-%d@host" % i))
        if i % 200 == 0:
            keep.append("late %d%s" % (i, pad))  # KEEP
        if mode == "chunks" and i % (COUNT // ROUNDS) == 0:
            temporaries.clear()
    return keep


survivors = {"strings": strings, "rows": rows, "tuples": tuples}[program]()
gc.collect()
if mode == "rehome":
    if program == "rows":
        survivors = [bytes(bytearray(one)) for one in survivors]
    else:
        survivors = [(one + " ")[:-1] for one in survivors]
    gc.collect()
