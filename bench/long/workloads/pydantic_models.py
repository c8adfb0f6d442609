"""pydantic: nested models built from data, refused, written and read as JSON."""

import sys
from datetime import datetime
from typing import Dict, List, Optional

import pydantic
from pydantic import BaseModel, Field, ValidationError


class Point(BaseModel):
    x: float
    y: float
    label: Optional[str] = None


class Track(BaseModel):
    name: str = Field(min_length=3)
    started: datetime
    points: List[Point]
    tags: Dict[str, int] = {}


def record_of(n):
    points = [{"x": k, "y": str(k / 4), "label": "p%d" % k if k % 2 else None} for k in range(n % 40)]
    return {"name": "track %d" % n, "started": "2024-05-0%dT10:00:00" % (n % 9 + 1), "points": points, "tags": {"n%d" % n: str(n)}}


def main(scale):
    is_new = pydantic.VERSION.startswith("2")
    tracks, refused, characters = [], 0, 0
    for n in range(int(16000 * scale)):
        data = record_of(n)
        if n % 11 == 0:
            data["name"] = "x"
        try:
            track = Track(**data)
        except ValidationError as error:
            refused += len(error.errors())
            continue
        text = track.model_dump_json() if is_new else track.json()
        again = Track.model_validate_json(text) if is_new else Track.parse_raw(text)
        assert again == track
        characters += len(text)
        if n % 5 == 0:
            tracks.append(track)
    print(len(tracks), refused, characters)


main(float(sys.argv[1]))
