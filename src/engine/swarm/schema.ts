// Services and tasks of a swarm as far as they are read here.
import * as z from "zod/mini";

const text = z.optional(z.string());
const strings = z.pipe(
  z.nullish(z.array(z.string())),
  z.transform((value) => value ?? []),
);
const labels = z.pipe(
  z.nullish(z.record(z.string(), z.string())),
  z.transform((value) => value ?? {}),
);

const secretUse = z.looseObject({
  File: z.nullish(z.looseObject({ Name: z.string() })),
  SecretID: z.string(),
  SecretName: z.string(),
});
export type SecretUse = z.output<typeof secretUse>;
export const secretListSchema = z.array(z.object({ ID: z.string() }));

/** Loose where it is sent back: an update replaces the whole of a service's specification. */
const spec = z.looseObject({
  Name: z.string(),
  Labels: labels,
  TaskTemplate: z.looseObject({
    ForceUpdate: z.optional(z.number()),
    ContainerSpec: z.looseObject({
      Image: z.string(),
      Env: strings,
      Secrets: z.optional(z.nullable(z.array(secretUse))),
    }),
  }),
  Mode: z.looseObject({ Replicated: z.optional(z.looseObject({ Replicas: z.optional(z.number()) })) }),
});
export type ServiceSpec = z.output<typeof spec>;

export const serviceSchema = z.object({
  ID: z.string(),
  Version: z.object({ Index: z.number() }),
  CreatedAt: z.string(),
  UpdatedAt: z.string(),
  Spec: spec,
  PreviousSpec: z.nullish(z.looseObject({ Labels: labels })),
  UpdateStatus: z.nullish(z.object({ State: text, StartedAt: text, Message: text })),
  Endpoint: z.nullish(
    z.object({
      Ports: z.nullish(
        z.array(
          z.object({
            Protocol: text,
            TargetPort: z.optional(z.number()),
            PublishedPort: z.optional(z.number()),
          }),
        ),
      ),
    }),
  ),
});
export type Service = z.output<typeof serviceSchema>;
export const serviceListSchema = z.array(serviceSchema);

export const taskListSchema = z.array(
  z.object({
    ID: z.string(),
    ServiceID: z.string(),
    NodeID: text,
    Slot: z.optional(z.number()),
    CreatedAt: z.string(),
    DesiredState: z.string(),
    Status: z.object({
      State: z.string(),
      Err: text,
      ContainerStatus: z.nullish(z.object({ ContainerID: text, ExitCode: z.optional(z.number()) })),
    }),
  }),
);
export type Task = z.output<typeof taskListSchema>[number];

export const serviceCreatedSchema = z.object({ ID: z.string() });
