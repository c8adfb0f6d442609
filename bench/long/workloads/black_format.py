"""Black formats modules of the standard library, in this process."""

import hashlib
import os
import sys

import black

FOLDERS = ["json", "asyncio", "concurrent/futures"]
MODULES = ["argparse.py", "textwrap.py", "heapq.py", "dataclasses.py", "copy.py", "glob.py", "shlex.py"]


def sources():
    library = os.path.dirname(os.__file__)
    for folder in FOLDERS:
        for name in sorted(os.listdir(os.path.join(library, folder))):
            if name.endswith(".py"):
                yield os.path.join(library, folder, name)
    for name in MODULES:
        yield os.path.join(library, name)


def main(scale):
    digest = hashlib.sha256()
    formatted = refused = 0
    paths = list(sources())
    for path in paths[: int(len(paths) * scale)]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            text = black.format_str(text, mode=black.FileMode())
            formatted += 1
        except Exception as error:  # an older Black does not read the newest grammar
            text = type(error).__name__
            refused += 1
        digest.update(text.encode())
    print(formatted, "formatted,", refused, "refused", digest.hexdigest())


main(float(sys.argv[1]))
