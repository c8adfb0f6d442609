"""Threads whose C code works, and allocates, without the interpreter's lock, beside threads that run Python."""

import bz2
import hashlib
import lzma
import queue
import sqlite3
import sys
import threading
import zlib


def compress(jobs, results, lock):
    while True:
        n = jobs.get()
        if n is None:
            return
        text = ("line %d of some text, again and again\n" % n).encode() * (n % 700 + 100)
        packed = (zlib, bz2, lzma)[n % 3 if n % 10 == 0 else 0].compress(text)
        digest = hashlib.sha256(packed[:64] if n % 2 else text).hexdigest()
        with lock:
            results[n] = (digest[:8], len(text))


def count(numbers, index):
    database = sqlite3.connect(":memory:")
    database.execute("create table t (a integer, b text)")
    for n in range(numbers):
        database.execute("insert into t values (?, ?)", (n, str(n) * 3))
    rows = database.execute("select b, count(*) from t group by a % 1000 order by a").fetchall()
    totals[index] = (len(rows), sum(len(row[0]) for row in rows))
    database.close()


def churn(rounds, index):
    keep = []
    for n in range(rounds):
        keep.append({"n": n, "text": "%d" % n, "list": [n] * (n % 90)})
        if len(keep) > 800:
            del keep[::2]
    totals[index] = len(keep)


totals = {}


def main(scale):
    jobs, results, lock = queue.Queue(), {}, threading.Lock()
    threads = [threading.Thread(target=compress, args=(jobs, results, lock)) for _ in range(4)]
    threads += [threading.Thread(target=count, args=(int(60000 * scale), n)) for n in range(2)]
    threads += [threading.Thread(target=churn, args=(int(200000 * scale), n)) for n in range(2, 5)]
    for thread in threads:
        thread.start()
    for n in range(int(4000 * scale)):
        jobs.put(n)
    for _ in range(4):
        jobs.put(None)
    for thread in threads:
        thread.join()
    print(len(results), sum(length for _, length in results.values()), sorted(totals.items()))


main(float(sys.argv[1]))
