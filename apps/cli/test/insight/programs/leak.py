"""A real leak: every request leaves a record in a list that nobody empties."""
import json

audit_log = []


def handle(number):
    text = json.dumps({"id": number, "user": "u%d" % (number % 50), "path": "/items/%d" % number})
    request = json.loads(text)
    audit_log.append({"id": request["id"], "path": request["path"], "note": "seen %d" % number})  # LEAK
    return len(text)


total = 0
for number in range(20_000):
    total += handle(number)
