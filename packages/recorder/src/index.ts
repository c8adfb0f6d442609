export { cacheFolder } from "./cache-folder.ts";
export {
  CompileFailedError,
  NoCompilerError,
  NothingRecordedError,
  OutputError,
  ProgramNotFoundError,
  RecorderError,
  RefusedError,
  UnsupportedPlatformError,
} from "./errors.ts";
export { type LibraryOptions, preloadLibrary } from "./library.ts";
export { type Outcome, type RecordOptions, type RecordResult, record } from "./record.ts";
