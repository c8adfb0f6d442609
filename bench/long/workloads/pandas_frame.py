"""pandas on frames: group, merge, pivot, strings, dates, CSV and JSON there and back."""

import hashlib
import io
import sys

import numpy as np
import pandas as pd

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]


def frame_of(rows, random):
    return pd.DataFrame(
        {
            "key": random.randint(0, 500, rows),
            "word": random.choice(WORDS, rows),
            "text": ["%s-%d %s" % (WORDS[n % 8], n, WORDS[(n * 7) % 8].upper()) for n in range(rows)],
            "value": np.round(random.normal(size=rows), 6),
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.randint(0, 10**7, rows), unit="s"),
        }
    )


def work(frame, random):
    grouped = frame.groupby(["word", "key"]).agg({"value": ["mean", "std", "count"], "text": "max"})
    other = pd.DataFrame({"key": np.arange(600), "name": ["k%03d" % k for k in range(600)]})
    merged = frame.merge(other, on="key", how="left")
    merged["upper"] = merged["text"].str.upper().str.replace("-", "_", regex=False)
    merged["parts"] = merged["text"].str.split(" ").apply(len)
    merged["day"] = merged["when"].dt.strftime("%Y-%m-%d")
    pivot = merged.pivot_table(index="day", columns="word", values="value", aggfunc="sum").fillna(0)
    text = merged.to_csv(index=False)
    again = pd.read_csv(io.StringIO(text), parse_dates=["when"], dtype={"name": "category"})
    records = again.head(3000).to_json(orient="records", date_format="iso")
    back = pd.read_json(io.StringIO(records), orient="records")
    rows = sum(len(row.text) for row in again.itertuples())
    longest = again.set_index("when").sort_index()["value"].rolling("7D").mean().round(6)
    scores = again.apply(lambda row: row["value"] * len(row["word"]), axis=1).round(6)
    return [len(grouped), pivot.shape, len(text), len(back), rows, float(longest.sum()), float(scores.sum())], text


def main(scale):
    random = np.random.RandomState(7)
    digest = hashlib.sha256()
    for _ in range(3):
        numbers, text = work(frame_of(int(30000 * scale) + 3000, random), random)
        digest.update(text.encode())
        print(numbers)
    print(digest.hexdigest())


main(float(sys.argv[1]))
