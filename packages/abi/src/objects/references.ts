// Which fields of a structure hold references, and in which order C walks them. Order shows: it decides the order of
// the collector's lists, and with it the order of finalizers.

/** The references in the fixed fields of one type's objects. */
export interface References {
  /** In the order in which `tp_traverse` visits them. */
  readonly visits: readonly string[];
  /** In the order in which `tp_clear` drops them; absent where the type has no `tp_clear`. */
  readonly clears?: readonly string[];
  /** In the order in which `tp_dealloc` drops them. */
  readonly drops: readonly string[];
}

/** The types whose references are all in fixed fields, the plain types aside. */
export interface ReferencesByType {
  readonly function: References;
  readonly method: References;
  readonly builtin: References;
  readonly cell: References;
  readonly code: References;
  readonly weakref: References;
  readonly module: References;
  readonly descriptor: References;
}

const methodFields = ["im_func", "im_self"];
const builtinFields = ["m_self", "m_module"];
const descriptorFields = ["d_type", "d_name", "d_qualname"];

const functionVisits37 = [
  "func_code",
  "func_globals",
  "func_module",
  "func_defaults",
  "func_kwdefaults",
  "func_doc",
  "func_name",
  "func_dict",
  "func_closure",
  "func_annotations",
  "func_qualname",
];

const functionClears37 = [
  "func_code",
  "func_globals",
  "func_module",
  "func_name",
  "func_defaults",
  "func_kwdefaults",
  "func_doc",
  "func_dict",
  "func_closure",
  "func_annotations",
  "func_qualname",
];

/** What a code object drops before its line table. */
const codeDrops37 = [
  "co_code",
  "co_consts",
  "co_names",
  "co_varnames",
  "co_freevars",
  "co_cellvars",
  "co_filename",
  "co_name",
];

/** In 3.7 and 3.8. */
const references37: ReferencesByType = {
  function: {
    visits: functionVisits37,
    clears: functionClears37,
    drops: functionClears37,
  },
  method: { visits: methodFields, drops: methodFields },
  builtin: { visits: builtinFields, drops: builtinFields },
  cell: { visits: ["ob_ref"], clears: ["ob_ref"], drops: ["ob_ref"] },
  code: {
    visits: [], // the collector does not know code objects
    drops: [...codeDrops37, "co_lnotab"],
  },
  weakref: { visits: ["wr_callback"], clears: ["wr_callback"], drops: ["wr_callback"] },
  module: { visits: ["md_dict"], clears: ["md_dict"], drops: ["md_dict", "md_name"] },
  descriptor: { visits: ["d_type"], drops: descriptorFields },
};

const functionVisits310 = [
  "func_code",
  "func_globals",
  "func_builtins",
  "func_module",
  "func_defaults",
  "func_kwdefaults",
  "func_doc",
  "func_name",
  "func_dict",
  "func_closure",
  "func_annotations",
  "func_qualname",
];

const functionClears310 = [
  "func_globals",
  "func_builtins",
  "func_module",
  "func_defaults",
  "func_kwdefaults",
  "func_doc",
  "func_dict",
  "func_closure",
  "func_annotations",
];

/** In 3.10: `tp_clear` leaves a function its code. */
const references310: ReferencesByType = {
  ...references37,
  function: {
    visits: functionVisits310,
    clears: functionClears310,
    drops: [...functionClears310, "func_code", "func_name", "func_qualname"],
  },
  code: {
    visits: [],
    drops: [...codeDrops37, "co_linetable"],
  },
};

/** From 3.11 on code objects keep the names of all their variables in one tuple. */
const references311: ReferencesByType = {
  ...references310,
  code: {
    visits: [],
    drops: [
      "co_consts",
      "co_names",
      "co_localsplusnames",
      "co_localspluskinds",
      "co_filename",
      "co_name",
      "co_qualname",
      "co_linetable",
      "co_exceptiontable",
    ],
  },
};

const withTypeParameters = (visits: readonly string[], more: readonly string[]) => {
  const annotations = visits.indexOf("func_annotations") + 1;
  return [...visits.slice(0, annotations), ...more, ...visits.slice(annotations)];
};

const functionReferences = (more: readonly string[]): References => ({
  visits: withTypeParameters(functionVisits310, more),
  clears: withTypeParameters(functionClears310, more),
  drops: [...withTypeParameters(functionClears310, more), "func_code", "func_name", "func_qualname"],
});

/** From 3.12 on functions have type parameters. */
const references312: ReferencesByType = {
  ...references311,
  function: functionReferences(["func_typeparams"]),
};

/** From 3.14 on functions have `__annotate__`. */
const references314: ReferencesByType = {
  ...references312,
  function: functionReferences(["func_annotate", "func_typeparams"]),
};

/** By the version that brought them in their present form. */
export const references = {
  "3.7": references37,
  "3.10": references310,
  "3.11": references311,
  "3.12": references312,
  "3.14": references314,
} as const;
