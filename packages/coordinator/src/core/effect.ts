import type { ConnectionId, ErrorCode, Feature, Message } from "@planwire/protocol";
import type { ListQuery, PruneQuery, StoredOffer, Write } from "../store/store.js";

/** What the core wants done, in this order. What answers it is an event of the same name. `cause` is the execution it is about. */
export type Effect =
  /** A control message. The shell lowers nothing: what the peer can't read was lowered by the core. */
  | {
      readonly type: "send";
      readonly conn: ConnectionId;
      readonly message: Message;
      readonly cause?: string;
      /** Nobody waits for it: it may travel with what comes next. */
      readonly mayWait?: boolean;
    }
  /** Behind all control messages, in its own order: stream messages. */
  | {
      readonly type: "sendBulk";
      readonly conn: ConnectionId;
      readonly message: Message;
      readonly cause?: string;
    }
  /** A chunk passed on as it came. */
  | { readonly type: "forward"; readonly conn: ConnectionId; readonly frame: Uint8Array }
  /** What the peer announced: holds for all that is sent from now on, and counting begins (after Registered or Welcome went out). */
  | {
      readonly type: "useFeatures";
      readonly conn: ConnectionId;
      readonly features: readonly Feature[];
    }
  /** Closes after what was sent has gone out; the close code is the code's own, the reason the code alone. */
  | { readonly type: "close"; readonly conn: ConnectionId; readonly code: ErrorCode }
  /** Wants to hear when the peer has read almost all that was sent to it. */
  | { readonly type: "awaitDrain"; readonly conn: ConnectionId }
  /** A WebSocket ping. */
  | { readonly type: "probe"; readonly conn: ConnectionId }
  | { readonly type: "persist"; readonly write: number; readonly content: Write }
  | { readonly type: "load"; readonly load: number; readonly planId: string }
  | { readonly type: "list"; readonly list: number; readonly query: ListQuery }
  | { readonly type: "prune"; readonly prune: number; readonly query: PruneQuery }
  /** Filters that workers offer, for the store to remember; nothing answers. */
  | {
      readonly type: "rememberOffers";
      readonly offers: readonly StoredOffer[];
      readonly most: number;
    }
  /** Replaces the time asked for before; undefined: never. */
  | { readonly type: "wakeAt"; readonly mono: number | undefined }
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };
