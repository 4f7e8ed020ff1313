/** Says briefly what a wrong argument is, for an error's message. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 140 ? `${value.slice(0, 140)}...` : value);
    case "undefined":
      return "undefined";
    case "function":
      return value.name ? `the function ${value.name}` : "a function";
    case "symbol":
      return "a symbol";
    case "object":
      return value === null
        ? "null"
        : Array.isArray(value)
          ? "an array"
          : `an object (${classOf(value)})`;
    default:
      return String(value);
  }
}

/** The name of an object's class, "Object" for plain ones. */
export function classOf(value: object): string {
  const constructor: unknown = (value as { constructor?: unknown }).constructor;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "Object";
}
