/** The cookie with which a browser that has signed in opens private plugins. */
export const SESSION_COOKIE = "plugctl_session";

/** Its value in a `Cookie` header. */
export function readSessionCookie(header: string | undefined): string | undefined {
  if (header === undefined || !header.includes(SESSION_COOKIE)) return undefined;
  for (const pair of header.split(";")) {
    const [name, value] = pair.split("=", 2);
    if (name?.trim() === SESSION_COOKIE) return value?.trim();
  }
  return undefined;
}

/**
 * The `Set-Cookie` for a session; no value takes it away. For the whole host, since plugins stand under `/p/` and
 * `/users/`; the API does not read it. Pages of other sites get in with a link only, never with a form or a script.
 */
export function sessionCookie(
  value: string | undefined,
  { secure, seconds }: { secure: boolean; seconds: number },
): string {
  const life = value === undefined ? 0 : seconds;
  return `${SESSION_COOKIE}=${value ?? ""}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${life}${secure ? "; Secure" : ""}`;
}
