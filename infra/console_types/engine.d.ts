// The module that wasm-bindgen writes, and the global objects of a worker.

declare module '*/engine/vpp_web.js' {
  /** Reads the bytes from `start` to `end` of a file. */
  type Read = (start: number, end: number) => Uint8Array;
  export function inspect(size: number, read: Read, segmentSeconds: number): string;
  export function align(files: [number, Read][], segmentSeconds: number): string;
  export default function initialise(): Promise<unknown>;
}

declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}
