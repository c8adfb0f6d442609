import { createObjects } from "@obmalloc/objects";

const py = createObjects();
const list = py.lists.literal([py.ints.new(1000), py.strings.new("two")]);
console.log(py.typeName(list), py.getsizeof(list), py.refcount(list)); // list 72 1

py.lists.append(list, list); // now it holds itself
py.decref(list);
console.log(py.isObject(list), py.gc.collect(), py.isObject(list)); // true 1 false
