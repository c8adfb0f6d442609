"""A small program that has itself captured by memray: python captured.py OUT.bin [plain].

The records beside this file were made by: python captured.py run.bin; python read_memray.py run.bin
"""

import sys

import memray


def work():
    kept = []
    temporary = []
    for number in range(6000):
        temporary.append("temporary %d" % number)
        if number % 1000 == 0:
            kept.append("kept, %d" % number)
    large = [bytes(3000) for _ in range(20)]
    del temporary, large
    return kept


if __name__ == "__main__":
    settings = {} if "plain" in sys.argv else {"trace_python_allocators": True}
    with memray.Tracker(sys.argv[1], **settings):
        KEPT = work()
        LAST = bytearray(700)
