"""A leak of garbage: objects that refer to themselves, and nobody collects them."""
import gc

gc.disable()


class Node:
    def __init__(self, number):
        self.myself = self
        self.text = "payload %d" % number


def handle(number):
    return len(Node(number).text)  # LEAK


for number in range(30_000):
    handle(number)
