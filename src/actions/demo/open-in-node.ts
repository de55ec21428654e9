import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { invalidError, toPlugctlError, verificationError } from "../../core/errors.ts";
import { inStandInPage, type StandInElement } from "./browser-stand-in.ts";
import type { Page, ShownPlugin } from "./page.ts";

const listSchema = z.array(
  z.object({
    pluginId: z.string(),
    pluginUrl: z.url(),
    version: z.string(),
    integrity: z.optional(z.string()),
  }),
);
type ListedPlugin = z.infer<typeof listSchema>[number];

/** The part of a Harmonix plugin that is called. */
const pluginSchema = z.object({
  initialize: z.custom<(api: unknown) => Promise<void>>((is) => typeof is === "function"),
});

interface View {
  factory: () => Promise<StandInElement>;
}

/**
 * Does what the example application does, without a browser: reads the store's list, fetches and checks each entry,
 * runs it against a stand-in for the page, and reads what its views show.
 */
export async function openInNode(listUrl: string, signal: AbortSignal): Promise<Page> {
  const response = await fetch(listUrl, { signal });
  if (!response.ok) throw invalidError(`the store answered ${response.status} for ${listUrl}`);
  const list = listSchema.parse(await response.json());
  return inStandInPage(async () => {
    const plugins: ShownPlugin[] = [];
    for (const listed of list) plugins.push(await show(listed, signal));
    return { openedBy: `Node ${process.versions.node}`, plugins };
  });
}

async function show(listed: ListedPlugin, signal: AbortSignal): Promise<ShownPlugin> {
  const shown = { id: listed.pluginId, version: listed.version };
  try {
    const plugin = pluginSchema.parse(await load(listed, signal));
    const views: View[] = [];
    await plugin.initialize({
      pluginInfo: { pluginId: listed.pluginId },
      regionManager: { registerView: async (_region: string, view: View) => void views.push(view) },
    });
    const lines = await Promise.all(views.map(async (view) => linesOf(await view.factory())));
    return { ...shown, state: "running", lines: lines.flat() };
  } catch (error) {
    return { ...shown, state: "failed", lines: [toPlugctlError(error).message] };
  }
}

/** The module behind an entry URL. @throws VERIFICATION when it is not the one that the store listed. */
async function load(listed: ListedPlugin, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(listed.pluginUrl, { signal });
  if (!response.ok) throw invalidError(`${listed.pluginUrl} answered ${response.status}`);
  const code = Buffer.from(await response.arrayBuffer());
  const [algorithm = ""] = listed.integrity?.split("-") ?? [];
  if (listed.integrity !== undefined) {
    const digest = createHash(algorithm).update(code).digest("base64");
    if (listed.integrity !== `${algorithm}-${digest}`) {
      throw verificationError(`${listed.pluginUrl} is not the file that the store lists`);
    }
  }
  return import(`data:text/javascript;base64,${code.toString("base64")}`);
}

function linesOf(view: StandInElement): string[] {
  const parts = (view.shadowRoot ?? view).children;
  return parts.map((part) => leafTexts(part).join(" · ")).filter((line) => line !== "");
}

function leafTexts(element: StandInElement): string[] {
  return element.children.length === 0 ? [element.textContent] : element.children.flatMap(leafTexts);
}
