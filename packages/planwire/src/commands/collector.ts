import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8 from marking the whole heap for the chunks that pass, which took half of a stream's time. V8 counts dead buffers as growth of the
 * old generation until another thread has freed them, and once this program is loaded, the limit of that growth is some 35 MB. So
 * buffers are freed at once, by the thread that had them; and threads that start from here on collect the old generation for the first
 * time at 128 MB. (1 MiB chunks: 12.7 ms of processor time for each MB without, 7.2 with the first alone, 5.6 with the second for
 * main threads as well, where it would have to stand on Node's own command line.) What is alive grows the heap as ever.
 *
 * For the command's own processes: to embed Planwire changes nothing in the program around it.
 */
export function collectBuffersEarly(): void {
  setFlagsFromString("--no-concurrent-array-buffer-sweeping");
  setFlagsFromString("--initial-old-space-size=128");
}
