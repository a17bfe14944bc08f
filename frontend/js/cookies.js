// What a browser remembers of how somebody likes their pages; read by the server, so that nothing jumps.
const YEAR = 365 * 86400;

/** Remembers a choice for a year. */
export function keep(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR}; samesite=lax`;
}

/** What was remembered, or nothing. */
export function kept(name) {
  return document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
