/** As in package.json, which a browser can't read; a test compares them. */
export const VERSION = "0.1.0";
