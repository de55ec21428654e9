import { type IncomingHttpHeaders, request } from "node:http";
import { collect } from "../../../helpers/archives.ts";

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** One request exactly as written: the path is not normalised, no header is added, no coding is undone. */
export function rawRequest(
  base: string,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, method, headers })
      .on("error", reject)
      .on("response", (response) => {
        collect(response as AsyncIterable<Buffer>).then(
          (chunks) =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          reject,
        );
      })
      .end();
  });
}
