const BRAND = Symbol.for("planwire.object");

/**
 * A value of type Object: bytes in a form that only the peer who made it can read, a pickled model say. Pass it on as it is.
 */
export interface OpaqueObject {
  readonly kind: "planwire.object";
  readonly byteLength: number;
}

export function opaqueObject(bytes: Uint8Array): OpaqueObject {
  const handle: OpaqueObject = { kind: "planwire.object", byteLength: bytes.byteLength };
  return Object.defineProperty(handle, BRAND, { value: bytes });
}

/** The bytes of an opaque object; undefined for anything else. */
export function bytesOfOpaque(value: object): Uint8Array | undefined {
  return BRAND in value ? (value[BRAND] as Uint8Array) : undefined;
}
