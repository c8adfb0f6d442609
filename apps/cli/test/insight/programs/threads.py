"""Threads that went deep at the same time, and are gone: a little of what their frames took is held free, too little to act on."""
import threading


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


def work():
    for _ in range(30):
        deep(500)
    rows = [str(n) for n in range(2000)]
    ready.wait()
    return rows


ready = threading.Event()
workers = [threading.Thread(target=work) for _ in range(30)]
for worker in workers:
    worker.start()
ready.set()
for worker in workers:
    worker.join()
