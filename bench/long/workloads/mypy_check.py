"""mypy checks pip, the code base that every virtual environment has; nothing comes from a cache."""

import os
import sys

from mypy import api


def main(scale):
    package = "pip._internal" if scale >= 1 else "pip._internal.utils"
    options = ["--no-incremental", "--cache-dir", os.devnull, "--no-color-output", "--ignore-missing-imports"]
    out, err, status = api.run(options + ["-p", package])
    lines = out.splitlines()
    print(status, len(lines), "lines")
    print("\n".join(lines[-3:]), err)


main(float(sys.argv[1]))
