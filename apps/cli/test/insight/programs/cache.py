"""A cache that pins: one entry in two hundred stays, among temporaries that all die."""
import gc

cache = {}


def work(count):
    batch = []
    for number in range(count):
        batch.append([number, "row %d" % number, (number, number + 1)])
        if number % 200 == 0:
            cache["key %d" % number] = None  # KEEP
    return len(batch)


work(100_000)
gc.collect()
