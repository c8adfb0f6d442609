"""pinned.py's work in little, and what is done about it: to compare PYTHONMALLOC=malloc in the prediction with the real one.

usage: python trimmed.py keep|trim
"""
import ctypes
import gc
import sys

kept = []


def work(count):
    temporaries = []
    for number in range(count):
        temporaries.append((number, str(number) * 3, {"k": number}))
        if number % 100 == 0:
            kept.append("session-%d" % number)


work(150_000)
gc.collect()
if sys.argv[1] == "trim":
    ctypes.CDLL(None).malloc_trim(0)
