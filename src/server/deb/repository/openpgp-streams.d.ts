// openpgp's types name a package that it does not bring along; we hand it texts only, never streams.
declare module "@openpgp/web-stream-tools" {
  export type WebStream<T> = ReadableStream<T>;
  export type NodeWebStream<T> = ReadableStream<T>;
}
