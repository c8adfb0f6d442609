"""Ordinary library code that allocates all the time: JSON both ways, and the parser on a module. About eight million events."""
import ast
import json

ROUNDS_OF_JSON = 6
ROUNDS_OF_PARSING = 60

rows = [{"id": n, "name": str(n) * 3, "tags": ["a", "b", str(n)], "v": n / 7} for n in range(30000)]
document = json.dumps(rows)
del rows
for _ in range(ROUNDS_OF_JSON):
    rows = json.loads(document)
with open(json.__file__) as module:
    source = module.read()
for _ in range(ROUNDS_OF_PARSING):
    ast.parse(source)
document = json.dumps(rows)
