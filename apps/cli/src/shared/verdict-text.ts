// A verdict as sentences. The site says it in the same words.

export { verdictHeadline } from "@obmalloc/insight/text";
