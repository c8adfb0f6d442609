"""Nothing wrong: a table is built, and the program ends with it. A leak would look alike, but for who calls whom."""


def build(count):
    rows = []
    for number in range(count):
        rows.append({"id": number, "name": "row %d" % number})
    return rows


table = build(60_000)
names = [row["name"].upper() for row in table]
