"""A process that keeps its memory after its work is done.

Every order makes a few objects that live only until the work is over. One order in a hundred is late, and its short
name is kept (the line marked KEEP). When the work is over nearly everything is free again, and yet nearly all memory
stays with the process: an arena goes back only when its last block is free, and each still has a few names in it.

usage: python3 pinned.py [orders] [copy]
  copy: copies the kept names once the work is over. The copies lie together, and the arenas go back.
"""
import gc
import os
import sys


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def mark(label):
    """A marker in the recording; without a recorder nothing happens. sys.audit is there from Python 3.8 on."""
    if hasattr(sys, "audit"):
        sys.audit("obmalloc.mark", label)


def work(orders):
    late, basket = [], []
    for number in range(orders):
        basket.append((number, "order %09d" % number, {"number": number}))
        if number % 100 == 0:
            late.append("late  %09d" % number)  # KEEP
    return late


if __name__ == "__main__":
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 200000
    mark("before the work")
    late = work(orders)
    gc.collect()
    if "copy" in sys.argv[2:]:
        late = [name[:1] + name[1:] for name in late]
        gc.collect()
    mark("work done")
    print("%d names kept, %.1f MiB resident" % (len(late), resident_bytes() / 2**20))
