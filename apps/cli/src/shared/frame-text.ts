// A frame as people know it from tracebacks. The site says it in the same words.

export { frameText, shortFrameText } from "@obmalloc/insight/text";
