"""One measurement in CPython, the same as here.ts does; prints nanoseconds per object."""
import gc
import random
import sys
import time

name, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
gc.disable()
random.seed(seed)
clock = time.process_time_ns


def graph():
    rnd = random.random
    objects = [[] for _ in range(count)]
    for one in objects:
        one.append(objects[int(rnd() * count)])
        one.append(objects[int(rnd() * count)])
        one.append(objects[int(rnd() * count)])
    return objects


def collect():
    start = clock()
    gc.collect()
    return (clock() - start) / count


if name == "live":
    kept = graph()
    collect()
    print(min(collect() for _ in range(3)))
elif name == "garbage":
    best = float("inf")
    for _ in range(2):
        objects = graph()
        gc.collect()
        del objects
        best = min(best, collect())
    print(best)
elif name == "tuples":
    best = float("inf")
    item = object()
    for _ in range(5):
        start = clock()
        for _ in range(count):
            one = (item, item)
            other = one
            del other, one
        best = min(best, (clock() - start) / count)
    print(best)
