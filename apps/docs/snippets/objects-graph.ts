import { createObjects } from "@obmalloc/objects";

const py = createObjects();
const cache = py.dicts.new();
const entry = py.lists.new();
py.dicts.setItem(cache, py.strings.new("bob"), entry);
py.decref(entry);

// Who keeps it alive?
const path = py.graph().path(entry);
console.log(path.map(({ is, reference }) => `${reference ?? "held:"} ${is}`).join(", ")); // held: dict[1], ['bob'] list[0]
