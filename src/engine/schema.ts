// Shapes of the Docker Engine API as far as they are read here; engines and their versions differ in the rest.
import * as z from "zod/mini";

const text = z.optional(z.string());
const labels = z.pipe(
  z.nullish(z.record(z.string(), z.string())),
  z.transform((value) => value ?? {}),
);
const list = <T extends z.ZodMiniType>(item: T) =>
  z.pipe(
    z.nullish(z.array(item)),
    z.transform((value) => value ?? []),
  );
const record = <T extends z.ZodMiniType>(item: T) =>
  z.pipe(
    z.nullish(z.record(z.string(), item)),
    z.transform((value) => value ?? {}),
  );

export const versionSchema = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  Platform: z.optional(z.object({ Name: text })),
  Components: z.optional(z.array(z.object({ Name: text }))),
});

export const containerListSchema = z.array(
  z.object({
    Id: z.string(),
    Names: list(z.string()),
    Image: z.string(),
    ImageID: z.string(),
    Created: z.number(),
    State: z.string(),
    Status: z.string(),
    Labels: labels,
    Ports: list(
      z.object({
        IP: text,
        PrivatePort: z.number(),
        PublicPort: z.optional(z.number()),
        Type: z.string(),
      }),
    ),
  }),
);
export type ContainerSummary = z.output<typeof containerListSchema>[number];

export const createdSchema = z.object({ Id: z.string() });

export const containerSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Created: z.string(),
  Image: z.string(),
  RestartCount: z.optional(z.number()),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number(),
    Error: text,
    OOMKilled: z.optional(z.boolean()),
    StartedAt: text,
    FinishedAt: text,
    Health: z.nullish(
      z.object({ Status: text, Log: list(z.object({ ExitCode: z.optional(z.number()), Output: text })) }),
    ),
  }),
  Config: z.object({
    Image: z.string(),
    Tty: z.optional(z.boolean()),
    Env: list(z.string()),
    Labels: labels,
    StopTimeout: z.nullish(z.number()),
  }),
  HostConfig: z.object({
    NetworkMode: text,
    Memory: z.optional(z.number()),
    NanoCpus: z.optional(z.number()),
    PidsLimit: z.nullish(z.number()),
    RestartPolicy: z.nullish(z.object({ Name: text })),
    LogConfig: z.nullish(z.object({ Type: text })),
  }),
  Mounts: list(
    z.object({
      Type: text,
      Name: text,
      Source: text,
      Destination: z.string(),
      RW: z.optional(z.boolean()),
    }),
  ),
  NetworkSettings: z.object({
    Ports: record(z.nullish(z.array(z.object({ HostIp: text, HostPort: text })))),
    Networks: record(z.object({ IPAddress: text })),
  }),
});
export type Container = z.output<typeof containerSchema>;

export const imageSchema = z.object({
  Id: z.string(),
  RepoTags: list(z.string()),
  RepoDigests: list(z.string()),
  Created: text,
  Size: z.optional(z.number()),
  Config: z.nullish(
    z.object({
      Labels: labels,
      Volumes: record(z.unknown()),
    }),
  ),
});
export type Image = z.output<typeof imageSchema>;

export const imageListSchema = z.array(
  z.object({
    Id: z.string(),
    RepoTags: list(z.string()),
    RepoDigests: list(z.string()),
    Created: z.number(),
    Size: z.number(),
    Labels: labels,
  }),
);

export const removedImagesSchema = list(z.object({ Deleted: text, Untagged: text }));

export const distributionSchema = z.object({ Descriptor: z.object({ digest: z.string() }) });

export const networkListSchema = z.array(
  z.object({ Id: z.string(), Name: z.string(), Driver: text, Labels: labels }),
);

export const volumeListSchema = z.object({
  Volumes: list(z.object({ Name: z.string(), Labels: labels })),
});

export const execSchema = z.object({ Running: z.boolean(), ExitCode: z.nullish(z.number()) });

export const topSchema = z.object({ Titles: z.array(z.string()), Processes: list(z.array(z.string())) });

const count = z.optional(z.number());
const cpu = z.object({
  cpu_usage: z.object({ total_usage: z.number(), percpu_usage: z.nullish(z.array(z.number())) }),
  system_cpu_usage: count,
  online_cpus: count,
});
export const statsSchema = z.object({
  cpu_stats: cpu,
  precpu_stats: z.optional(cpu),
  memory_stats: z.object({ usage: count, limit: count, stats: record(z.number()) }),
  pids_stats: z.optional(z.object({ current: count })),
  networks: record(z.object({ rx_bytes: z.number(), tx_bytes: z.number() })),
  blkio_stats: z.optional(
    z.object({ io_service_bytes_recursive: list(z.object({ op: z.string(), value: z.number() })) }),
  ),
});
export type Sample = z.output<typeof statsSchema>;

/** One line of a pull, push or build. */
export const progressSchema = z.object({
  status: text,
  id: text,
  stream: text,
  error: text,
  progressDetail: z.nullish(z.object({ current: count, total: count })),
  aux: z.optional(z.unknown()),
});
export type ProgressLine = z.output<typeof progressSchema>;

/** One of the engine's events. Podman writes an exit code by another name. */
export const eventSchema = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: record(z.string()) }),
  time: z.number(),
  timeNano: z.number(),
});
export type EngineEvent = z.output<typeof eventSchema>;
