import type {
  HarmonixApi,
  HarmonixLocaleApi,
  LocalizationMessages,
  PluginInfo,
  Translations,
} from "@uxland/harmonix";
import { regions } from "./regions.ts";

/** What a view that cannot be made is reported to. */
export type ReportFailure = (pluginId: string, reason: unknown) => void;

/** The api object that a plugin gets. View ids are the plugin's own: two plugins may use the same. */
export function createApi(info: PluginInfo, reportFailure: ReportFailure): HarmonixApi {
  const { pluginId } = info;
  const key = (viewId: string) => `${pluginId}/${viewId}`;
  const regionNamed = (name: string) => {
    const found = regions.getRegion(name);
    if (found === undefined) throw new Error(`This application has no region "${name}".`);
    return found;
  };
  return {
    pluginInfo: info,
    createLocaleManager: async (messages) => localeManager(messages),
    regionManager: {
      registerView: async (name, view) => {
        const factory = async () => {
          try {
            const element = await view.factory();
            element.dataset.plugin = pluginId;
            return element;
          } catch (reason) {
            reportFailure(pluginId, reason);
            throw reason;
          }
        };
        await regions.registerViewWithRegion(name, key(view.id), { ...view, factory });
      },
      removeView: async (name, id) => {
        await regions.unregisterViewFromRegion(name, key(id));
      },
      activateView: async (name, id) => {
        await regionNamed(name).activate(key(id));
      },
      deactivateView: async (name, id) => {
        await regionNamed(name).deactivate(key(id));
      },
      getRegion: async (name) => regionNamed(name),
      isViewActive: async (name, id) => regionNamed(name).isViewActive(key(id)),
      containsView: async (name, id) => regionNamed(name).containsView(key(id)),
    },
  };
}

/** Translates with the messages of the page's language, else the first language that there is. */
function localeManager(messages: LocalizationMessages): HarmonixLocaleApi {
  const language = document.documentElement.lang;
  const tree = messages[language] ?? Object.values(messages)[0] ?? {};
  return {
    getCurrentLanguage: () => language,
    getTranslations: () => messages,
    translate: (path, variables) => {
      let found: string | Translations | undefined = tree;
      for (const part of path.split(".")) found = typeof found === "object" ? found[part] : undefined;
      if (typeof found !== "string") return path;
      const values = new Map(Object.entries(variables ?? {}));
      return found.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) =>
        String(values.get(name) ?? whole),
      );
    },
  };
}
