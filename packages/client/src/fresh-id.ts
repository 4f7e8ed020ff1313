import { customAlphabet } from "nanoid";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** An id that is a name and needs no quoting anywhere: 131 bits of chance. */
export const freshId: () => string = customAlphabet(ALPHABET, 22);
