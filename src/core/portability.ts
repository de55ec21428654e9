import * as z from "zod/mini";
import { KINDS } from "./plugin.ts";

const exportedPlugin = z.looseObject({
  name: z.string(),
  version: z.nullable(z.string()),
  /** In the form that `install` takes, with the version where that is part of it. */
  source: z.string(),
  /** Of what is installed: a package, an image, a description; null where the backend has none. */
  digest: z.nullable(z.string()),
});

/** One installed plugin, described so that it can be installed again elsewhere. Kinds add fields of their own. */
export type ExportedPlugin = z.output<typeof exportedPlugin>;

/** What `plugctl export` writes. */
export const exportDocumentSchema = z.object({
  version: z.literal(1),
  /** Of the target that it was taken from. */
  kind: z.enum(KINDS),
  plugins: z.array(exportedPlugin),
});
export type ExportDocument = z.output<typeof exportDocumentSchema>;

export interface Exportable {
  /**
   * @param names which plugins, in this order; undefined = everything that is installed, by name, what others need first.
   * @throws NOT_FOUND for a name that is not installed.
   */
  export(names: readonly string[] | undefined): Promise<ExportedPlugin[]>;
}
