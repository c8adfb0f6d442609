"""A leak of few, large blocks, in a program that makes no more than a thousand allocations of its own."""
frames = []


def grab():
    frame = bytearray(400_000)  # LEAK
    frames.append(frame)


for _ in range(100):
    grab()
