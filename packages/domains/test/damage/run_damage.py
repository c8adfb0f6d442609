# Does the damage that damage-program.ts describes, in a real interpreter: run_damage.py STEPS, as JSON.
import ctypes
import json
import sys

api = ctypes.pythonapi  # holds the GIL during a call
free_api = ctypes.CDLL(None)  # gives it up
POINTER, SIZE = ctypes.c_void_p, ctypes.c_size_t
for library in (api, free_api):
    for domain in ("PyMem_Raw", "PyMem_", "PyObject_"):
        for name, arguments in (("Malloc", [SIZE]), ("Calloc", [SIZE, SIZE]), ("Realloc", [POINTER, SIZE])):
            function = getattr(library, domain + name)
            function.restype, function.argtypes = POINTER, arguments
        function = getattr(library, domain + "Free")
        function.restype, function.argtypes = None, [POINTER]

# Everything is made ready before the first step: the interpreter must not allocate between them.
p = 0
steps = json.loads(sys.argv[1])
memset = ctypes.memset


def run(step, library):
    global p
    name = step[0]
    if name == "poke":
        memset(p + step[1], step[2], 1)
    elif name == "fill":
        memset(p + step[1], step[3], step[2])
    elif name == "forget":
        getattr(library, step[1])(p)
    elif name == "without the GIL":
        run(step[1], free_api)
    elif name.endswith("Realloc"):
        p = getattr(library, name)(p, *step[1:])
    elif name.endswith("Free"):
        getattr(library, name)(p)
        p = 0
    else:
        p = getattr(library, name)(*step[1:])


for step in steps:
    run(step, api)
print("alive")
