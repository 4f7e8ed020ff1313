export type { CoordinatorOptions, SettingOverrides } from "./options.js";
export { startCoordinator, type Coordinator } from "./server.js";
export { memoryStore, type MemoryStoreOptions } from "./store/memory.js";
export { openStore } from "./store/open-store.js";
export { STORE_RULES, type StoreRule, type StoreSubject } from "./store/store-conformance.js";
export type * from "./store/store.js";
