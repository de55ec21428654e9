import semver from "semver";

const PLUGIN_ID = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const PROVIDER_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const CHANNEL = /^[a-z][a-z0-9-]{0,62}$/;
const PLUGIN_ID_CHARACTERS = 214;

/** The grammar of npm package names (discovery-store spec, section 0). */
export const isPluginId = (text: string) => text.length <= PLUGIN_ID_CHARACTERS && PLUGIN_ID.test(text);

export const isProviderId = (text: string) => PROVIDER_ID.test(text);

/** Strict SemVer 2.0.0; without a build part, since `1.0.0+a` and `1.0.0+b` would be one version. */
export const isVersion = (text: string) => semver.valid(text) === text;

/** Not a SemVer range either, so that `plugin@x` never means two things. */
export const isChannel = (text: string) => CHANNEL.test(text) && semver.validRange(text) === null;

/**
 * The channel that a version belongs to unless its publisher says otherwise: `latest` for a stable one, its first
 * identifier for a prerelease (`1.5.0-beta.2` → `beta`), `next` where that cannot be a channel.
 */
export function ownChannel(version: string): string {
  const prerelease = semver.prerelease(version);
  if (prerelease === null) return "latest";
  const identifier = String(prerelease[0]);
  return isChannel(identifier) && identifier !== "latest" ? identifier : "next";
}
