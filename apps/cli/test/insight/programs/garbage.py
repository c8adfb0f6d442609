"""Requests whose objects refer to themselves: what each held waits for the collector.

usage: python garbage.py [collect | THRESHOLD]
"""
import gc
import sys

mode = sys.argv[1] if len(sys.argv) > 1 else ""
if mode.isdigit():
    gc.set_threshold(int(mode))


class Request:
    def __init__(self, number):
        self.myself = self
        self.rows = [str(number) * 4 for number in range(60)]


def serve(count):
    kept = []
    for number in range(count):
        Request(number)
        if number % 100 == 0:
            kept.append(str(number) * 4)
    return kept


KEPT = serve(3000)
if mode == "collect":
    gc.collect()
