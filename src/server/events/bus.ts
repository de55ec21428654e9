/** Something that happened, as streamed by `GET /api/v1/events` (SSE). */
export interface ServerEvent {
  /** Increases by one; a client that reconnects asks with `Last-Event-ID`. */
  id: number;
  /** ISO 8601, UTC. */
  at: string;
  /** Dotted, as in the audit log: `plugin.published`, `operation.progress`. */
  type: string;
  resource: string;
  data: Record<string, unknown>;
}

export interface EventBus {
  publish(event: { type: string; resource: string; data?: Record<string, unknown> }): void;
  /** Calls back for every later event, after replaying those past `lastId` that are still held. */
  subscribe(listener: (event: ServerEvent) => void, lastId?: number): () => void;
}
