// What is recorded: applications from PyPI and parts of CPython's own test suite. Each takes a few seconds untraced.

export interface Workload {
  readonly name: string;
  /** Names on PyPI; their versions are what pip chooses for the interpreter. */
  readonly packages: readonly string[];
  /** Arguments of the interpreter. A name that ends in `.py` stands for the file in `workloads/`. */
  readonly args: readonly string[];
  /** The same for a quick look; without it, `args`. */
  readonly quickArgs?: readonly string[];
  /** Whether two runs print the same. */
  readonly printsTheSame: boolean;
  /** Whether the interpreter has to come with the folder `test` of the standard library. */
  readonly needsTestSuite?: boolean;
  /** Whether forked children are recorded and verified too. */
  readonly followForks?: boolean;
}

function application(name: string, program: string, packages: readonly string[], size = 1): Workload {
  return {
    name,
    packages,
    args: [program, String(size)],
    quickArgs: [program, String(size / 10)],
    printsTheSame: true,
  };
}

function testModules(name: string, modules: string): Workload {
  return {
    name: `CPython's tests: ${name}`,
    packages: [],
    args: ["cpython_tests.py", ...modules.split(" ")],
    quickArgs: ["cpython_tests.py", ...modules.split(" ").slice(0, 2)],
    printsTheSame: true,
    needsTestSuite: true,
  };
}

/** The test suite's own runner prints durations, so that only its exit status can be compared. */
function regressionTests(modules: string): Workload {
  return {
    name: "CPython's tests: python -m test",
    packages: [],
    args: ["-m", "test", ...modules.split(" ")],
    quickArgs: ["-m", "test", ...modules.split(" ").slice(0, 2)],
    printsTheSame: false,
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
  { ...application("multiprocessing", "forked_workers.py", []), followForks: true },
  testModules(
    "language",
    "test_gc test_dict test_list test_set test_tuple test_generators test_exceptions test_weakref test_descr " +
      "test_class test_coroutines test_contextlib test_iter test_slice test_unicode test_bytes test_long test_deque",
  ),
  testModules(
    "library",
    "test_json test_pickle test_re test_collections test_functools test_itertools test_heapq test_array " +
      "test_xml_etree test_minidom test_ast test_csv test_configparser test_argparse test_io test_zlib test_enum",
  ),
  testModules(
    "threads, tasks, memory",
    "test_threading test_queue test_thread test_threading_local test_concurrent_futures test_asyncio test_fork1 " +
      "test_tracemalloc test_sys test__xxsubinterpreters test_interpreters test_atexit test_signal test_sqlite3",
  ),
  regressionTests(
    "test_grammar test_dict test_list test_json test_gc test_threading test_generators test_exceptions test_pickle " +
      "test_weakref test_decimal test_fractions test_statistics test_difflib test_copy test_compile",
  ),
];
