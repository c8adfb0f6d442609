// Numbers as people read them. The site says it in the same words.

export { counted, formatBytes, formatCount, formatPercent } from "@obmalloc/insight/text";
