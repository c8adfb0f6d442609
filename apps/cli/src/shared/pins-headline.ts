// What holds the memory, in one sentence. The site says it in the same words.

export { NO_FRAME, noFrameText, pinsHeadline } from "@obmalloc/insight/text";
