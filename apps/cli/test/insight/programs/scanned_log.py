"""A log file of ordinary size, looked through by a regular expression in memory that is mapped from it and stays mapped."""
import mmap
import os
import re
import tempfile


class LogFile:
    def __init__(self, path):
        self.handle = open(path, "rb")
        self.view = mmap.mmap(self.handle.fileno(), 0, access=mmap.ACCESS_READ)  # MAP

    def errors(self):
        return [found.start() for found in re.finditer(rb"ERROR \d+", self.view)]


descriptor, path = tempfile.mkstemp()
with os.fdopen(descriptor, "wb") as file:
    for n in range(20000):
        file.write(b"INFO an ordinary line of a log, with much to say about little%s\n" % (b"." * 900) if n % 1000 else b"ERROR %d\n" % n)
log = LogFile(path)
os.unlink(path)
found = log.errors()
