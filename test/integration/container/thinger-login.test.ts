import { expect, it } from "vitest";
import { makeContainerServer } from "../../helpers/container-server.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { makeCli } from "../../helpers/run-cli.ts";

describeWith(["docker.io"], "signing in to a server of plugins", () => {
  const engine = useDockerEngine();

  it("needs no --target beside engines, leaves a token of its own, and revokes it", async () => {
    const { url, admin, call } = await makeContainerServer(engine);
    const cli = await makeCli();
    await cli(`target add bare --kind container --url ${engine.url}`);
    await cli(`target add server --kind container --thinger ${url}`);
    const wrong = await cli("login -u admin --password-stdin", { stdin: "wrong\n" });
    expect(wrong).toMatchObject({ code: 4 });
    expect(await cli("login -u admin --password-stdin", { stdin: `${admin.password}\n` })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("signed in to server as admin"),
    });
    expect((await cli("list -t server")).code).toBe(0);
    const tokens = async () => (await call("GET", "tokens")).body.items;
    expect(await tokens()).toContainEqual(
      expect.objectContaining({ note: expect.stringMatching(/^plugctl on/) }),
    );
    expect((await cli("logout")).code).toBe(0);
    expect((await cli("list -t server")).code).toBe(4);
    expect(await cli("login -t bare -u admin --password-stdin", { stdin: "x\n" })).toMatchObject({ code: 6 });
  });
});
