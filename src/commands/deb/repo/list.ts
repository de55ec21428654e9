import { rows } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import type { debRepoList } from "./list.meta.ts";
import { PACKAGE_COLUMNS } from "./package-columns.ts";

export const run: Handler<typeof debRepoList> = async ({ host }) => {
  const { target, on } = await host.capability("repository");
  const packages = await on.list();
  return rows(
    packages.map((item) => ({ target: target.name, ...item })),
    PACKAGE_COLUMNS,
    { empty: "the repository has no packages", nameOf: (row) => `${row.package}=${row.version}` },
  );
};
