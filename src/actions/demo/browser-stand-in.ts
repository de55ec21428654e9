/**
 * The little of a browser that the example plugin uses, for machines without one: elements hold texts and children,
 * nothing is drawn.
 */
export class StandInElement {
  className = "";
  readonly dataset: Record<string, string> = {};
  shadowRoot: StandInElement | undefined;
  adoptedStyleSheets: unknown[] = [];
  #text = "";
  #children: StandInElement[] = [];

  get children(): readonly StandInElement[] {
    return this.#children;
  }

  get textContent(): string {
    return this.#children.length === 0
      ? this.#text
      : this.#children.map((child) => child.textContent).join("");
  }

  set textContent(text: string) {
    this.#text = text;
    this.#children = [];
  }

  append(...added: StandInElement[]): void {
    this.#children.push(...added);
  }

  replaceChildren(...added: StandInElement[]): void {
    this.#children = added;
  }

  attachShadow(): StandInElement {
    this.shadowRoot = new StandInElement();
    return this.shadowRoot;
  }

  addEventListener(): void {}
}

/** The global names that a module finds in a page, as new as in a page that was just loaded. */
function pageGlobals(): Record<string, unknown> {
  const defined = new Map<string, new () => StandInElement>();
  return {
    HTMLElement: StandInElement,
    CSSStyleSheet: class {
      replaceSync(): void {}
    },
    customElements: {
      get: (tag: string) => defined.get(tag),
      define: (tag: string, element: new () => StandInElement) => defined.set(tag, element),
    },
    document: {
      createElement: (tag: string) => new (defined.get(tag) ?? StandInElement)(),
    },
  };
}

/** Runs something in a new page; the globals of this process are put back afterwards. */
export async function inStandInPage<T>(run: () => Promise<T>): Promise<T> {
  const added = pageGlobals();
  const before = Object.keys(added).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  for (const [name, value] of Object.entries(added)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    return await run();
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  }
}
