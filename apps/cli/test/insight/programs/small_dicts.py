"""A fragmented list of small dicts: nine of ten go, in no order, and nearly every pool keeps some."""
import random


def load(count):
    return [{"id": number, "even": number % 2 == 0} for number in range(count)]  # DICTS


random.seed(7)
records = load(80_000)
records = [record for record in records if random.random() < 0.1]
