/** The result of an action on one plugin; `changed` is false when it was in that state already. */
export interface LifecycleResult {
  name: string;
  state: string;
  nativeState: string;
  changed: boolean;
}

/** @throws NOT_FOUND; CONFLICT when the state forbids the action, saying which one would be allowed. */
export interface Lifecycle {
  start(name: string): Promise<LifecycleResult>;
  /** Graceful; by force after `timeoutSeconds` (default: what the plugin says, else 10). */
  stop(name: string, options: { timeoutSeconds?: number | undefined }): Promise<LifecycleResult>;
  kill(name: string, options: { signal?: string | undefined }): Promise<LifecycleResult>;
  restart(name: string, options: { timeoutSeconds?: number | undefined }): Promise<LifecycleResult>;
  pause(name: string): Promise<LifecycleResult>;
  resume(name: string): Promise<LifecycleResult>;
}

export type LifecycleAction = keyof Lifecycle;
