"""Many live strings, replaced at random places: as many allocator events as are asked for, over as many live blocks.

usage: python3 churn.py [live] [replacements]
"""
import sys


def work(live, replacements):
    kept = [str(i) * 3 for i in range(live)]
    x = 12345
    for _ in range(replacements):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        kept[x % live] = str(x) * 3
    return kept


if __name__ == "__main__":
    LIVE = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    kept = work(LIVE, int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
    sys.audit("obmalloc.mark", "work done")
