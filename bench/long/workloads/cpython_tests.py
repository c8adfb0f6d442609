"""Modules of CPython's own test suite, each in this process; says how many tests ran and how they ended."""

import gc
import importlib.util
import io
import os
import sys
import unittest


def run(name):
    full = "test." + name
    if importlib.util.find_spec(full) is None:
        return "absent"
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(full)
    except unittest.SkipTest:
        return "skipped"
    stream = io.StringIO()
    result = unittest.TextTestRunner(stream=stream, verbosity=1).run(suite)
    for kind in (result.failures, result.errors):
        for test, trace in kind:
            sys.stderr.write("%s\n%s\n" % (test, trace))
    gc.collect()
    return "%d run, %d failed, %d skipped" % (
        result.testsRun,
        len(result.failures) + len(result.errors),
        len(result.skipped),
    )


# What the tests print themselves, from threads and children too, differs from run to run.
report = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
for module in sys.argv[1:]:
    print("%s: %s" % (module, run(module)), file=report, flush=True)
