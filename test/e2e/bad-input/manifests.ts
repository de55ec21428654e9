import type { Tree } from "../../helpers/archives.ts";
import { ENTRY } from "../../helpers/archives.ts";
import type { BadPlugin } from "./rows.ts";

const plugin = (manifest: unknown, more: Tree = { "index.js": ENTRY }): Tree => ({
  "package.json": typeof manifest === "string" ? manifest : JSON.stringify(manifest, null, 2),
  ...more,
});
const atlas = (more: object) => plugin({ name: "@acme/atlas", version: "1.0.0", ...more });
const named = (name: unknown) => plugin({ name, version: "1.0.0" });
const versioned = (version: unknown) => plugin({ name: "@acme/atlas", version });

const badName = { status: 422, code: "bad_name" };
const badVersion = { status: 422, code: "bad_version" };
const badManifest = { status: 422, code: "bad_manifest" };

export const BAD_MANIFESTS: readonly BadPlugin[] = [
  {
    what: "a package.json that is no JSON",
    folder: plugin('{\n  "name": "@acme/atlas",\n  "version": "1.0.0",,\n}'),
    ...badManifest,
    says: ["package.json is not JSON"],
    locally: ["package.json is not JSON", "line 3"],
  },
  {
    what: "a package.json that is a list",
    folder: plugin([]),
    ...badManifest,
    says: ["package.json"],
    locally: [/package\.json:1: the whole/],
  },
  {
    what: "an empty package.json",
    folder: plugin(""),
    ...badManifest,
    says: ["package.json is not JSON"],
    locally: ["package.json", "is not JSON"],
  },
  {
    what: "a package.json of 300 kB",
    folder: atlas({ description: "long ".repeat(60_000) }),
    status: 413,
    code: "file_too_large",
    says: ["package.json is larger than 262144 bytes"],
  },
  {
    what: "no name",
    folder: plugin({ version: "1.0.0" }),
    ...badName,
    says: ["name"],
    locally: ["package.json", "name must be the plugin's name"],
  },
  {
    what: "a name that is no text",
    folder: named(7),
    ...badName,
    says: ["name"],
    locally: [/package\.json:2: name must be/],
  },
  {
    what: "a name in capitals",
    folder: named("Maps"),
    ...badName,
    says: ["name is not a plugin id", "lower-case"],
  },
  { what: "a name with spaces", folder: named("my maps"), ...badName, says: ["name is not a plugin id"] },
  {
    what: "a name that leaves its folder",
    folder: named("../maps"),
    ...badName,
    says: ["name is not a plugin id"],
  },
  {
    what: "a name of 300 characters",
    folder: named("n".repeat(300)),
    ...badName,
    says: ["name is not a plugin id"],
  },
  {
    what: "no version",
    folder: plugin({ name: "@acme/atlas" }),
    ...badVersion,
    says: ["version"],
    locally: ["package.json", "version must be a version such as 1.0.0"],
  },
  {
    what: "a version that is no SemVer",
    folder: versioned("1.0"),
    ...badVersion,
    says: ["version is not a version", "MAJOR.MINOR.PATCH"],
  },
  {
    what: "a version that is a number",
    folder: versioned(1),
    ...badVersion,
    says: ["version"],
    locally: [/package\.json:3: version must be/],
  },
  {
    what: "build metadata",
    folder: versioned("1.0.0+build.1"),
    ...badVersion,
    says: ["without a '+build' part"],
  },
  { what: "a leading v", folder: versioned("v1.0.0"), ...badVersion, says: ["without a leading 'v'"] },
  {
    what: "an entry that is not there",
    folder: atlas({ plugctl: { entry: "dist/none.js" } }),
    status: 422,
    code: "entry_not_found",
    says: ["plugctl.entry names dist/none.js"],
    locally: ["the entry file dist/none.js of package.json is not among the files"],
  },
  {
    what: "an entry outside of the plugin",
    folder: atlas({ plugctl: { entry: "../../../etc/passwd" } }),
    status: 422,
    code: "entry_not_found",
    says: ["plugctl.entry names ../../../etc/passwd"],
    locally: ["the entry file ../../../etc/passwd of package.json is not among the files"],
  },
  {
    what: "no entry at all",
    folder: plugin({ name: "@acme/atlas", version: "1.0.0" }, { "a.js": "", "b.js": "" }),
    status: 422,
    code: "entry_not_found",
    says: ["no entry file", "plugctl.entry"],
  },
  {
    what: "plugctl as a text",
    folder: atlas({ plugctl: "yes" }),
    ...badManifest,
    says: ["plugctl"],
    locally: ["plugctl"],
  },
  {
    what: "plugctl.sections of the wrong type",
    folder: atlas({ plugctl: { sections: [{ id: 1 }] } }),
    ...badManifest,
    says: ["plugctl.sections[0].id"],
  },
  {
    what: "a host version that is no range",
    folder: atlas({ plugctl: { hostVersion: "newest" } }),
    ...badManifest,
    says: ["plugctl.hostVersion is not a SemVer range"],
  },
  {
    what: "files offered that are not there",
    folder: atlas({ plugctl: { files: ["none.json"] } }),
    ...badManifest,
    says: ["plugctl.files[0] names none.json"],
  },
  {
    what: "a provider that is no id",
    folder: atlas({ plugctl: { provider: "Acme Ltd" } }),
    ...badManifest,
    says: ["plugctl.provider is not a provider id"],
  },
  {
    what: "a provider that does not exist",
    folder: atlas({}),
    provider: "nobody",
    status: 404,
    code: "provider_not_found",
    exit: 3,
    says: ["there is no provider nobody"],
  },
  {
    what: "a provider that the token is not for",
    folder: atlas({}),
    as: "acme",
    provider: "bravo",
    status: 403,
    code: "not_owner",
    exit: 4,
    says: ["you may not publish @acme/atlas for provider bravo"],
  },
  {
    what: "two providers",
    folder: atlas({ plugctl: { provider: "bravo" } }),
    status: 422,
    code: "provider_mismatch",
    says: ["the request names provider acme, and package.json names bravo"],
  },
  {
    what: "no provider where several could be meant",
    folder: atlas({}),
    provider: "",
    status: 422,
    code: "provider_required",
    says: ["say for which provider", "acme, bravo"],
  },
  {
    what: "somebody else's plugin",
    folder: plugin({ name: "@acme/maps", version: "2.0.0" }),
    provider: "bravo",
    status: 403,
    code: "not_owner",
    exit: 4,
    says: ["@acme/maps belongs to provider acme"],
  },
  {
    what: "other bytes under a version that exists",
    folder: plugin({ name: "@acme/maps", version: "1.0.0" }),
    status: 409,
    code: "version_exists",
    exit: 5,
    says: ["@acme/maps 1.0.0"],
  },
  {
    what: "a plugin that the token is not for",
    folder: plugin({ name: "@acme/maps", version: "2.0.0" }),
    as: "atlas",
    status: 403,
    code: "not_owner",
    exit: 4,
    says: ["for which you may not publish it"],
  },
  {
    what: "a token that may only read",
    folder: atlas({}),
    as: "reader",
    status: 403,
    code: "not_owner",
    exit: 4,
    says: ["you may not publish @acme/atlas for provider acme"],
  },
];
