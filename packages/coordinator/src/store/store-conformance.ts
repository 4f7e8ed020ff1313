import { LIST_RULES } from "./conformance/list-rules.js";
import { OPEN_RULES } from "./conformance/open-rules.js";
import type { StoreRule } from "./conformance/rule.js";
import { WRITE_RULES } from "./conformance/write-rules.js";

export type { StoreRule, StoreSubject } from "./conformance/rule.js";

/** What every store keeps to. Each rule wants a subject of its own. */
export const STORE_RULES: readonly StoreRule[] = [...WRITE_RULES, ...LIST_RULES, ...OPEN_RULES];
