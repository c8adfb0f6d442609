"""NumPy: arithmetic, structured and object arrays, text, pickles, many small arrays."""

import pickle
import sys

import numpy as np


def main(scale):
    random = np.random.RandomState(3)
    total = 0.0
    for n in range(int(25000 * scale)):
        small = np.arange(n % 200, dtype=np.float64)
        total += float((small * 2 + 1)[::2].sum())
    objects = np.array([{"n": n, "text": str(n)} for n in range(int(120000 * scale))], dtype=object)
    lengths = np.frompyfunc(lambda item: len(item["text"]), 1, 1)(objects)
    rows = np.zeros(int(60000 * scale), dtype=[("a", "i4"), ("b", "f8"), ("c", "U8")])
    rows["a"] = np.arange(len(rows))
    rows["c"] = rows["a"].astype("U8")
    listed = rows.tolist()
    matrix = random.rand(120, 120)
    product = np.linalg.inv(matrix @ matrix.T + np.eye(120))
    text = np.array2string(np.round(product, 3), threshold=20000)
    back = pickle.loads(pickle.dumps(objects, protocol=4))
    words = np.char.upper(np.char.add(rows["c"], "-x"))
    print(round(total, 3), int(lengths.sum()), len(listed), len(text) > 1000, len(back), len(set(words.tolist())))


main(float(sys.argv[1]))
