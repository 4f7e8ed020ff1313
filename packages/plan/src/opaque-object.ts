const BRAND = Symbol.for("planwire.object");

/**
 * A value of type Object: bytes in a form that only the peer who made it can read, a pickled model say. Pass it on as it is.
 * Known by its brand, so that two copies of this package agree.
 */
export class OpaqueObject {
  readonly kind = "planwire.object";
  readonly byteLength: number;

  constructor(bytes: Uint8Array) {
    this.byteLength = bytes.byteLength;
    Object.defineProperty(this, BRAND, { value: bytes });
  }
}

/** The bytes of an opaque object; undefined for anything else. */
export function bytesOfOpaque(value: object): Uint8Array | undefined {
  return BRAND in value ? (value[BRAND] as Uint8Array) : undefined;
}
