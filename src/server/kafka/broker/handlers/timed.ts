import type { Route } from "../protocol/registry.ts";

/** @param milliseconds from the start of the request to its answer, with what it waited for on purpose */
export type RequestObserver = (api: string, milliseconds: number) => void;

/** Tells the observer, if there is one, of each request that the route answers. */
export function timed(route: Route, observer: RequestObserver | undefined): Route {
  if (observer === undefined) return route;
  return {
    ...route,
    async handle(request, context) {
      const start = performance.now();
      try {
        return await route.handle(request, context);
      } finally {
        observer(route.api.name, performance.now() - start);
      }
    },
  };
}
