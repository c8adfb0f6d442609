// Numbers as people read them. The site says it in the same words.

export { counted, formatBytes, formatCount, formatMs, formatPercent } from "@obmalloc/insight/text";
