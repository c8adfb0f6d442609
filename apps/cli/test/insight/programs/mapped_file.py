"""File-backed memory: a file of 40 MB, mapped and read."""
import mmap
import os
import tempfile

with tempfile.NamedTemporaryFile() as file:
    for _ in range(40):
        file.write(bytes(1 << 20))
    file.flush()
    view = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)  # MAP
    touched = sum(view[at] for at in range(0, len(view), os.sysconf("SC_PAGE_SIZE")))
    rows = [str(number) for number in range(1000)]
    import sys
    if hasattr(sys, "audit"):
        sys.audit("obmalloc.mark", "mapped")
