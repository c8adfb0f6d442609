// What is recorded: applications from PyPI and parts of CPython's own test suite. Each takes a few seconds untraced.

export interface Workload {
  readonly name: string;
  /** Names on PyPI; their versions are what pip chooses for the interpreter. */
  readonly packages: readonly string[];
  /** Arguments of the interpreter. A name that ends in `.py` stands for the file in `workloads/`. */
  readonly args: readonly string[];
  /** The same for a quick look; without it, `args`. */
  readonly quickArgs?: readonly string[];
  /** Whether two runs print the same and end with 0. */
  readonly isRepeatable: boolean;
  /** Whether the interpreter has to come with the folder `test` of the standard library. */
  readonly needsTestSuite?: boolean;
  /** The number after `3.` of the oldest version that can run it. */
  readonly needsMinor?: number;
  /** Whether forked children are recorded and verified too. */
  readonly followForks?: boolean;
}

function application(name: string, program: string, packages: readonly string[], size = 1): Workload {
  return {
    name,
    packages,
    args: [program, String(size)],
    quickArgs: [program, String(size / 10)],
    isRepeatable: true,
  };
}

function testModules(name: string, modules: string, isRepeatable = true): Workload {
  return {
    name: `CPython's tests: ${name}`,
    packages: [],
    args: ["cpython_tests.py", ...modules.split(" ")],
    quickArgs: ["cpython_tests.py", ...modules.split(" ").slice(0, 2)],
    isRepeatable,
    needsTestSuite: true,
  };
}

/** The test suite's own runner prints durations and fails where a test does, so that only its two exit statuses are compared. */
function regressionTests(modules: string): Workload {
  return {
    name: "CPython's tests: python -m test",
    packages: [],
    args: ["-m", "test", ...modules.split(" ")],
    quickArgs: ["-m", "test", ...modules.split(" ").slice(0, 2)],
    isRepeatable: false,
    needsTestSuite: true,
  };
}

export const workloads: readonly Workload[] = [
  application("Django", "django_requests.py", ["Django"]),
  application("pandas", "pandas_frame.py", ["pandas"]),
  application("Black", "black_format.py", ["black"]),
  application("mypy", "mypy_check.py", ["mypy"]),
  application("SQLAlchemy", "sqlalchemy_orm.py", ["SQLAlchemy"]),
  application("Flask, Jinja2, Markdown, Requests", "flask_served.py", ["Flask", "Markdown", "requests"]),
  application("lxml", "lxml_trees.py", ["lxml"]),
  application("pydantic", "pydantic_models.py", ["pydantic"]),
  application("NumPy", "numpy_arrays.py", ["numpy"]),
  application("asyncio", "asyncio_echo.py", []),
  application("threads", "threads_compress.py", []),
  { ...application("multiprocessing", "forked_workers.py", [], 0.3), followForks: true },
  { ...application("sub-interpreters", "subinterpreters.py", []), needsMinor: 8 },
  testModules(
    "language",
    "test_gc test_dict test_list test_set test_tuple test_generators test_exceptions test_weakref test_descr " +
      "test_class test_coroutines test_contextlib test_iter test_slice test_unicode test_bytes test_long test_deque",
  ),
  testModules(
    "library",
    "test_json test_pickle test_re test_collections test_functools test_heapq test_array test_xml_etree " +
      "test_minidom test_ast test_csv test_configparser test_argparse test_enum",
  ),
  testModules(
    "threads, tasks, memory",
    "test_threading test_queue test_thread test_threading_local test_fork1 test_tracemalloc test_atexit test_sqlite3 " +
      "test_asyncio.test_queues test_asyncio.test_locks test__xxsubinterpreters test_interpreters",
    false, // some of these tests measure time: on a busy machine one fails now and then
  ),
  regressionTests(
    "test_grammar test_dict test_list test_struct test_gc test_generators test_exceptions test_weakref test_copy test_float",
  ),
];
