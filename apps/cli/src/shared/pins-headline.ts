// What holds the memory, in one sentence. The site says it in the same words.

export { NO_FRAME, pinsHeadline } from "@obmalloc/insight/text";
