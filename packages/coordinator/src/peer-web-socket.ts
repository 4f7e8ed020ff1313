import { closeCodeOf } from "@planwire/protocol";
import { WebSocket } from "ws";

const MESSAGE_TOO_BIG = 1009;

/** ws closes with its own code what is over `maxPayload`; peers are told ours, which PROTOCOL.md lists. */
export class PeerWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    // With a reason it is the answer to a peer that closes, and says what the peer said.
    const refusesFrame = code === MESSAGE_TOO_BIG && reason === undefined;
    if (refusesFrame) super.close(closeCodeOf("MESSAGE_TOO_LARGE"), "MESSAGE_TOO_LARGE");
    else super.close(code, reason);
  }
}
