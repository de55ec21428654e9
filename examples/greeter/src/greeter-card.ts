import { version } from "../package.json";
import { element } from "./element.ts";
import { greetingAt, partOfDay } from "./greeting.ts";
import { cardStyles } from "./styles.ts";

export const TAG = "greeter-card";

class GreeterCard extends HTMLElement {
  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [cardStyles()];
    const now = new Date();
    const { greeting, date } = greetingAt(now);
    root.replaceChildren(
      element("div", `sky ${partOfDay(now.getHours())}`),
      element("h2", "greeting", greeting),
      element("p", "date", date),
      element("footer", "version", `Greeter ${version}`),
    );
  }
}

/** A name can be defined once in a document, and a host may initialise the plugin more than once. */
export function defineGreeterCard(): void {
  if (customElements.get(TAG) === undefined) customElements.define(TAG, GreeterCard);
}
