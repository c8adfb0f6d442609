"""One line keeps many arenas: each session makes a tuple, a string and a dict that die, and one in a hundred keeps a name.

usage: python3 pinned.py [sessions]
"""
import gc
import sys


def work(sessions):
    kept, passing = [], []
    for i in range(sessions):
        passing.append((i, str(i) * 3, {"k": i}))
        if i % 100 == 0:
            kept.append("session-%d" % i)
    return kept


if __name__ == "__main__":
    kept = work(int(sys.argv[1]) if len(sys.argv) > 1 else 400000)
    gc.collect()
