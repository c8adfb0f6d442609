"""A C-library hoard: many blocks of 600 bytes, of which a few stay; malloc can give nothing back."""
kept = []


def work(count):
    buffers = []
    for number in range(count):
        buffers.append(bytes(600))  # HOARD
        if number % 500 == 0:
            kept.append(bytearray(700))
    return sum(len(one) for one in buffers)


work(60_000)
