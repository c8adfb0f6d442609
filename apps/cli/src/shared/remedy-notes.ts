// What is said beside the remedies.

/** What is left out where each remedy would cost a replay of a long recording; what to type follows. */
export const NOT_TRIED =
  "Not tried, since each takes another replay: clearing in chunks, another size class, long-lived objects first, other versions, PYTHONMALLOC=malloc. To try them:";

/** No allocator and no order of work helps against what a program keeps. */
export const LEAK_REMEDY =
  "What leaks has to be let go of: look for who keeps what the lines of the verdict make.";
