import { conflictError, isPlugctlError } from "../core/errors.ts";
import type { Lifecycle, LifecycleAction, LifecycleResult } from "../core/lifecycle.ts";
import type { Send } from "./client.ts";
import { type EngineScope, inspectContainer, pluginContainer } from "./containers.ts";
import type { Container } from "./schema.ts";
import { forbiddenError, toEngineState, toPluginState, verdictOn } from "./states.ts";

/** What an engine waits when neither the call nor the container says. */
export const DEFAULT_GRACE_SECONDS = 10;

export function createLifecycle(scope: EngineScope): Lifecycle {
  return {
    start: (name) => act(scope, name, { action: "start" }),
    stop: (name, options) => act(scope, name, { action: "stop", ...options }),
    kill: (name, options) => act(scope, name, { action: "kill", ...options }),
    restart: (name, options) => act(scope, name, { action: "restart", ...options }),
    pause: (name) => act(scope, name, { action: "pause" }),
    resume: (name) => act(scope, name, { action: "resume" }),
  };
}

interface Act {
  action: LifecycleAction;
  timeoutSeconds?: number | undefined;
  signal?: string | undefined;
}

async function act(scope: EngineScope, name: string, request: Act): Promise<LifecycleResult> {
  const container = await pluginContainer(scope, name);
  const before = toEngineState(container.State.Status);
  if (!isWanted(name, request, before)) return result(name, container, false);
  const send = (action: LifecycleAction) =>
    scope.client.done(sendAction(container.Id, { ...request, action }), {
      subject: `plugin "${name}"`,
      extraMs: extraMs(container, { ...request, action }),
    });
  try {
    await send(request.action);
  } catch (error) {
    // It may have changed in between, by itself or by somebody else: what counts is the state it is in now.
    if (!isPlugctlError(error) || !["CONFLICT", "BACKEND"].includes(error.code)) throw error;
    const now = await pluginContainer(scope, name);
    const state = toEngineState(now.State.Status);
    if (state !== before) {
      if (isWanted(name, request, state)) throw error;
      return result(name, now, false);
    }
    // Docker thaws what it is to end; Podman wants to be told.
    if (state !== "paused" || !["stop", "restart"].includes(request.action)) throw error;
    await send("resume");
    await send(request.action);
  }
  return result(name, await inspectContainer(scope.client, container.Id), true);
}

/** Whether the call is to be made. @throws CONFLICT when the state forbids it. */
function isWanted(name: string, { action, signal }: Act, state: ReturnType<typeof toEngineState>): boolean {
  const verdict = verdictOn(state, action);
  if (verdict === "do") return true;
  if (verdict !== "done") throw forbiddenError(name, action, state);
  // Only a signal that ends a program has had its effect on one that has ended.
  if (
    action === "kill" &&
    signal !== undefined &&
    !/^(?:SIG)?(?:KILL|TERM|INT|QUIT|9|15|2|3)$/i.test(signal)
  ) {
    throw conflictError(`${name} is stopped and cannot be sent ${signal}`, {
      hint: `"plugctl start ${name}" is possible`,
    });
  }
  return false;
}

function sendAction(id: string, { action, timeoutSeconds, signal }: Act): Send<unknown> {
  const grace = timeoutSeconds === undefined ? {} : { t: timeoutSeconds };
  return (docker, abortSignal) => {
    const container = docker.getContainer(id);
    switch (action) {
      case "start":
        return container.start({ abortSignal });
      case "stop":
        return container.stop({ ...grace, abortSignal });
      case "kill":
        return container.kill({ signal: signal ?? "SIGKILL", abortSignal });
      case "restart":
        return container.restart({ ...grace, abortSignal });
      case "pause":
        return container.pause({ abortSignal });
      case "resume":
        return container.unpause({ abortSignal });
    }
  };
}

/** How much longer than other calls this one may take. */
function extraMs({ Config }: Container, { action, timeoutSeconds }: Act): number {
  if (action !== "stop" && action !== "restart") return 0;
  return (timeoutSeconds ?? Config.StopTimeout ?? DEFAULT_GRACE_SECONDS) * 1000;
}

function result(name: string, { State }: Container, changed: boolean): LifecycleResult {
  const state = toPluginState(toEngineState(State.Status), State.ExitCode);
  return { name, state, nativeState: State.Status, changed };
}
