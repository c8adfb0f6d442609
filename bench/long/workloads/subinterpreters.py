"""Sub-interpreters made and destroyed again: those that share the main interpreter's heap, and from 3.12 on those that own one."""

import sys

WORK = "kept = {str(n): [n] * (n %% 40) for n in range(%d)}; import json; text = json.dumps(kept)"


def creators():
    try:
        import _interpreters as module  # 3.13

        return module, [lambda: module.create("legacy"), lambda: module.create("isolated")]
    except ImportError:
        import _xxsubinterpreters as module  # 3.8 to 3.12
    if sys.version_info >= (3, 10):
        return module, [lambda: module.create(isolated=False), lambda: module.create(isolated=True)]
    return module, [module.create]


def main(rounds):
    module, create = creators()
    for n in range(rounds):
        numbers = [make() for make in create]
        for number in numbers:
            module.run_string(number, WORK % (n * 400))
        for number in reversed(numbers) if n % 2 else numbers:
            module.destroy(number)
    print(rounds, "rounds of", len(create))


main(int(20 * float(sys.argv[1])))
