const TEMPLATE = /\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export interface Expansion {
  text: string;
  /** Names that were replaced, each once. */
  used: string[];
  /** Names that nobody knows, each once; they are left as they were written. */
  unknown: string[];
}

/**
 * Expands `{{NAME}}` and `${NAME}`. A value that looks like a template is not expanded again, so no variable can
 * bring in another one.
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): Expansion {
  const used = new Set<string>();
  const unknown = new Set<string>();
  const expanded = text.replace(TEMPLATE, (template, braces?: string, dollar?: string) => {
    const name = braces ?? dollar ?? "";
    const value = variables.get(name);
    (value === undefined ? unknown : used).add(name);
    return value ?? template;
  });
  return { text: expanded, used: [...used], unknown: [...unknown] };
}
