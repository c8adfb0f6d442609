"""multiprocessing with fork: a pool whose children allocate, pickle and fork again from several threads."""

import json
import multiprocessing
import os
import sys
import threading


def job(n):
    data = {str(k): list(range(k % 30)) for k in range(n % 400 + 200)}
    return sum(len(value) for value in json.loads(json.dumps(data)).values())


def fork_and_wait(statuses, index):
    child = os.fork()
    if child == 0:
        keep = ["%d" % n for n in range(20000)]
        os._exit(len(keep) % 256)
    statuses[index] = os.waitpid(child, 0)[1]


def main(scale):
    context = multiprocessing.get_context("fork")
    with context.Pool(3) as pool:
        print(sum(pool.imap_unordered(job, range(int(3000 * scale)), chunksize=20)))
        print(sum(pool.map(job, range(int(1000 * scale)))))
    statuses = {}
    threads = [threading.Thread(target=fork_and_wait, args=(statuses, n)) for n in range(12)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        job(300)
    print(sorted(statuses.items()))


main(float(sys.argv[1]))
