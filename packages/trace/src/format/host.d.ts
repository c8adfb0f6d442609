// What this package uses of its host and the language's library does not declare: both exist in Node and browsers.

declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
