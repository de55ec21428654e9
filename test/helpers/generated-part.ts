const begin = (name: string, maker: string) => `<!-- begin ${name}: made by ${maker} -->`;
const end = (name: string) => `<!-- end ${name} -->`;

/** A page with one generated part replaced. @throws Error where its markers are missing. */
export function withPart(page: string, part: { name: string; maker: string; text: string }): string {
  const { name, maker, text } = part;
  const [before, rest] = page.split(begin(name, maker));
  const after = rest?.split(end(name))[1];
  if (after === undefined) throw new Error(`the markers of ${name} are missing`);
  return `${before}${begin(name, maker)}\n\n${text}\n\n${end(name)}${after}`;
}
