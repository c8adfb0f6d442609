"""Nothing wrong: rounds of work whose memory is reused, and a table that is in use until the end."""
table = {number: "value %d" % number for number in range(40_000)}


def round_of_work(seed):
    rows = ["%d:%d" % (seed, number) for number in range(2_000)]
    return sum(len(row) for row in rows)


total = 0
for seed in range(40):
    total += round_of_work(seed)
total += len(table)
