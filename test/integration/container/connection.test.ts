import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { createServer } from "node:tls";
import { generate } from "selfsigned";
import { beforeAll, expect, it, onTestFinished } from "vitest";
import { busyboxImage } from "../../helpers/busybox-image.ts";
import { type ContainerTarget, openTarget } from "../../helpers/container-target.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { useDockerEngine } from "../../helpers/docker-engine.ts";
import { usePodmanEngine } from "../../helpers/podman-engine.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

describeWith(["docker.io", "busybox-static"], "ways to an engine", () => {
  const engine = useDockerEngine();

  beforeAll(() => busyboxImage(engine.api, "local/service:1"));

  /** Everything that is different over another connection: many calls, a body that is sent, a stream both ways. */
  async function use(target: ContainerTarget): Promise<void> {
    const product = expect.stringContaining("Docker Engine");
    expect(await target.on("health").check()).toMatchObject({ product });
    await target.install("local/service:1", { name: "box" });
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    stdin.end("through\n");
    let text = "";
    stdout.on("data", (chunk) => {
      text += chunk;
    });
    const session = { name: "box", command: ["cat"], tty: false, stdin, stdout, stderr: stdout };
    expect(await target.on("shell").shell(session)).toBe(0);
    expect(text).toBe("through\n");
    for await (const line of target.on("logs").logs({ name: "box", follow: false }))
      expect(line.text).toBe("started");
    await target.on("removal").remove({ name: "box", purge: true, dryRun: false });
  }

  it("ssh: the user's own, which runs docker's way to its engine", async () => {
    const folder = await makeTempDir();
    await makeSsh(remoteShell(folder, { docker: await dialStdio(engine.socket) }));
    await use(openTarget({ url: "ssh://ann@edge.example.com:2222" }));
    const calls = (await readFile(join(folder, "args"), "utf8")).trim().split("\n");
    expect(new Set(calls)).toEqual(
      new Set(["-o BatchMode=yes -o ConnectTimeout=15 -T -l ann -p 2222 -- edge.example.com"]),
    );
  });

  it("ssh to where no docker and no podman is: says what is missing there", async () => {
    await makeSsh(remoteShell(await makeTempDir(), {}));
    await expect(openTarget({ url: "ssh://edge.example.com" }).on("listing").list()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "ssh to edge.example.com failed: neither docker nor podman is there",
      hint: expect.stringContaining("install docker's"),
    });
  });

  it("ssh that fails: its own words", async () => {
    await makeSsh("#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n");
    await expect(openTarget({ url: "ssh://edge.example.com" }).on("listing").list()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: "ssh to edge.example.com failed: Host key verification failed.",
    });
  });

  it("TLS with a certificate of the client's, by files or by a docker context", async () => {
    const pems = await generate([{ name: "commonName", value: "localhost" }], {
      algorithm: "sha256",
      clientCertificate: { algorithm: "sha256" },
      // It signs the client's certificate.
      extensions: [{ name: "basicConstraints", cA: true, critical: true }],
    });
    const server = createServer(
      { key: pems.private, cert: pems.cert, ca: pems.cert, requestCert: true, allowHalfOpen: true },
      (client) => {
        const socket = connect({ path: engine.socket, allowHalfOpen: true });
        client.pipe(socket).pipe(client);
        client.on("error", () => socket.destroy());
        socket.on("error", () => client.destroy());
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const folder = await makeTempDir();
    const files = {
      "ca.pem": pems.cert,
      "cert.pem": pems.clientcert ?? "",
      "key.pem": pems.clientprivate ?? "",
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    const url = `tcp://localhost:${port}`;
    const container = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
    await use(openTarget({ url, caFile: join(folder, "ca.pem"), container }));
    await expect(
      openTarget({ url: `${url}`, container })
        .on("listing")
        .list(),
    ).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("no trusted connection"),
    });
    await expect(
      openTarget({ url, caFile: join(folder, "ca.pem") })
        .on("listing")
        .list(),
    ).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await mkdir(join(folder, "empty"));
    const env = { DOCKER_HOST: url, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder, HOME: folder };
    await use(openTarget({ url: "docker-context:default", env }));
  });

  it("is not led astray by DOCKER_HOST, which is docker's alone", async () => {
    const { DOCKER_HOST } = process.env;
    process.env.DOCKER_HOST = "tcp://127.0.0.1:1";
    onTestFinished(() => {
      if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = DOCKER_HOST;
    });
    expect(await openTarget({ url: engine.url }).on("listing").list()).toEqual([]);
  });
});

describeWith(["podman"], "ssh to where only Podman is", () => {
  const engine = usePodmanEngine();

  it("runs Podman's way to its engine", async () => {
    const podman = `CONTAINER_HOST=${engine.url} PATH=/usr/bin:/bin exec podman "$@"`;
    await makeSsh(remoteShell(await makeTempDir(), { podman }));
    const target = openTarget({ url: "ssh://edge.example.com" });
    expect(await target.on("health").check()).toMatchObject({ product: expect.stringMatching(/^Podman/) });
    expect(await target.on("listing").list()).toEqual([]);
  });
});

/** A program `ssh` of this test's, found before the system's. */
async function makeSsh(script: string): Promise<void> {
  const folder = await makeTempDir();
  await writeFile(join(folder, "ssh"), script);
  await chmod(join(folder, "ssh"), 0o755);
  const { PATH } = process.env;
  process.env.PATH = `${folder}:${PATH}`;
  onTestFinished(() => {
    process.env.PATH = PATH;
  });
}

/** Runs its last argument as the shell of another machine does, where these programs are and no others. */
function remoteShell(folder: string, programs: Readonly<Record<string, string>>): string {
  const bin = join(folder, "bin");
  const files = Object.entries({ sh: 'exec /bin/sh "$@"', ...programs }).map(
    ([name, script]) => `printf '#!/bin/sh\\n%s\\n' '${script}' > ${bin}/${name}; chmod +x ${bin}/${name}`,
  );
  return [
    ...["#!/bin/sh", `mkdir -p ${bin}`, ...files],
    `words=; while [ $# -gt 1 ]; do words="$words $1"; shift; done; echo $words >> ${folder}/args`,
    `exec env -i HOME=${folder} PATH=${bin} /bin/sh -c "$1"\n`,
  ].join("\n");
}

/** What `docker system dial-stdio` does. */
async function dialStdio(socket: string): Promise<string> {
  const file = join(await makeTempDir(), "dial.cjs");
  await writeFile(
    file,
    `if (process.argv.slice(2).join(" ") !== "system dial-stdio") process.exit(125);\n` +
      `const socket = require("node:net").connect({ path: ${JSON.stringify(socket)}, allowHalfOpen: true });\n` +
      "process.stdin.pipe(socket).pipe(process.stdout);\n",
  );
  return `exec ${process.execPath} ${file} "$@"`;
}
