/** How keys and values are written as text. */
export const FORMATS = ["text", "json", "hex"] as const;
export type Format = (typeof FORMATS)[number];
