"""Rows of JSON, of which a store keeps one in thirty: several lines of the json module hold the arenas, and only together."""
import json


def lines(count):
    for n in range(count):
        yield json.dumps({"id": n, "kind": "a" if n % 3 else "b", "value": n * 1.5})


class Store:
    def __init__(self):
        self.kept = []

    def ingest(self, source):
        batch = [json.loads(line) for line in source]  # ROWS
        self.kept.extend(row for row in batch if row["id"] % 30 == 0)


store = Store()
store.ingest(lines(60000))
