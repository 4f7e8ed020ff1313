import type { Writable } from "node:stream";

/** Standard output as commands use it: it waits for slow readers, and tells when nobody reads any more. */
export interface Stdout {
  readonly isTTY: boolean;
  /** Aborted when the reader has gone (`| head`). */
  readonly closed: AbortSignal;
  /** Resolves when there is room for more; at once, without effect, after the reader has gone. */
  write(data: string | Uint8Array): Promise<void>;
  /** Resolves when all that was written is out. */
  flush(): Promise<void>;
}

/** @param stream its errors other than a closed pipe are thrown by `write`. */
export function openStdout(stream: Writable & { readonly isTTY?: boolean }): Stdout {
  const closed = new AbortController();
  // Kept, so that `printsToStderr` leaves it alone.
  const write = stream.write.bind(stream);
  let failure: Error | undefined;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") failure = error;
    closed.abort();
  });
  stream.on("close", () => closed.abort());
  const put = (data: string | Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const done = () => (failure ? reject(failure) : resolve());
      if (closed.signal.aborted) return done();
      closed.signal.addEventListener("abort", done, { once: true });
      write(data, () => {
        closed.signal.removeEventListener("abort", done);
        done();
      });
    });
  return {
    isTTY: stream.isTTY === true,
    closed: closed.signal,
    write: (data) => {
      if (failure) return Promise.reject(failure);
      if (closed.signal.aborted) return Promise.resolve();
      if (stream.writableLength < stream.writableHighWaterMark) {
        write(data);
        return Promise.resolve();
      }
      return put(data);
    },
    flush: () => put(""),
  };
}
