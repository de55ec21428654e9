import { z } from "zod";

const shortText = z.string().min(1).max(2_000);

/** How one version of a plugin is installed; `method` is git where it is left out. */
const versionSchema = z.looseObject({
  version: shortText,
  method: z.string().optional(),
  options: z.record(z.string(), z.unknown()).optional(),
  min_wazo_version: shortText.optional(),
  max_wazo_version: shortText.optional(),
});

const itemSchema = z.looseObject({
  namespace: z.string().regex(/^[a-z0-9]+$/),
  name: z.string().regex(/^[a-z0-9-]+$/),
  versions: z.array(versionSchema).default([]),
});

const documentSchema = z.looseObject({ items: z.array(z.unknown()) });

/** A plugin of a market as its document has it: every key that the author wrote. */
export type MarketItem = z.output<typeof itemSchema>;
export type MarketVersion = z.output<typeof versionSchema>;

/** @throws ZodError for what is no market at all. A bad item is left out and named in `refused`. */
export function parseMarket(content: unknown): { items: MarketItem[]; refused: string[] } {
  const items: MarketItem[] = [];
  const refused: string[] = [];
  for (const [index, raw] of documentSchema.parse(content).items.entries()) {
    const item = itemSchema.safeParse(raw);
    if (item.success) items.push(item.data);
    else {
      const [issue] = item.error.issues;
      refused.push(`item ${index}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
    }
  }
  return { items, refused };
}
