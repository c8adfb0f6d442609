// When the resident set was read. The site says it in the same words.

export { measuredText, samplingText } from "@obmalloc/insight/text";
