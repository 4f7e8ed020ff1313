/** `edges.clean`, or `edges["my node"]` where a plain name would mislead. */
export function memberPath(owner: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${owner}.${key}` : `${owner}[${JSON.stringify(key)}]`;
}
